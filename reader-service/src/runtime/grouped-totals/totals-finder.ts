import type { Db } from 'mongodb'
import { asAppErrors, queryLimits } from '../projection/mongo-query.ts'
import type { VersionFinder } from '../read-model.ts'
import { totalsIn, versionsIn, type SlotDocument } from './mongo-slots.ts'
import { combine, type GroupTotals } from './slots.ts'

/** The totals as queries read them. Rejects with `unavailable`, or with `deadline_exceeded` if a query takes too long. */
export type TotalsFinder = VersionFinder & { totals: (deadline: number) => Promise<FoundTotals> }

export type FoundTotals = {
  groups: GroupTotals[]
  /** When the newest event occurred that the totals contain; undefined if they contain none. */
  asOf: Date | undefined
}

export function totalsFinder(db: Db, name: string, { timeoutMs }: { timeoutMs: number }): TotalsFinder {
  const collection = db.collection<SlotDocument>(name)
  const projection = { totals: 1, at: 1 }
  return {
    versions: (ids) => asAppErrors(() => versionsIn(collection, ids, queryLimits(timeoutMs))),
    totals: (deadline) =>
      asAppErrors(async () => {
        const found = await collection.find({}, { ...queryLimits(timeoutMs, deadline), projection }).toArray()
        const newest = found.reduce((latest, { at }) => Math.max(latest, at.getTime()), -Infinity)
        return {
          groups: combine(found.map((slot) => ({ totals: totalsIn(slot) }))),
          asOf: found.length === 0 ? undefined : new Date(newest),
        }
      }),
  }
}
