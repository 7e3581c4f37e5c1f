import type { Collection } from 'mongodb'
import { replaceAll } from '../projection/replace-all.ts'
import type { SlotStore } from './apply-contributions.ts'
import { slotOf, type Entry, type GroupTotals, type Slot } from './slots.ts'

/** One document per slot. `totals` comes before `entries`, which queries do not read. */
export type SlotDocument = {
  _id: number
  seq: number
  at: Date
  totals: [group: string, count: number, sum: number, min: number, max: number][]
  entries: Record<string, Entry>
}

export function mongoSlots(collection: Collection<SlotDocument>): SlotStore {
  return {
    async read(numbers) {
      return (await collection.find({ _id: { $in: [...numbers] } }).toArray()).map(slotIn)
    },
    async write(slots) {
      const { collided } = await replaceAll(
        collection,
        slots.map(({ number, seq, at, entries, totals }) => ({
          filter: { _id: number, seq },
          replacement: { seq: seq + 1, at, totals: totals.map(totalsTuple), entries },
        })),
      )
      return new Set(slots.filter((_, index) => collided.has(index)).map(({ number }) => number))
    },
  }
}

/** The versions that it has of these ids, also of deleted ones. */
export async function versionsIn(
  collection: Collection<SlotDocument>,
  ids: readonly string[],
  limits: object = {},
): Promise<Map<string, number>> {
  const numbers = [...new Set(ids.map((id) => slotOf(id)))]
  const projection = Object.fromEntries(ids.map((id) => [`entries.${id}`, 1]))
  const options = { ...limits, projection }
  type Found = Partial<Pick<SlotDocument, 'entries'>>
  const found = await collection.find<Found>({ _id: { $in: numbers } }, options).toArray()
  return new Map(
    found.flatMap(({ entries = {} }) =>
      Object.entries(entries).map(([id, [version]]): [string, number] => [id, version]),
    ),
  )
}

export function slotIn({ _id, totals, ...slot }: SlotDocument): Slot {
  return { ...slot, number: _id, totals: totals.map(groupTotals) }
}

export function groupTotals([group, count, sum, min, max]: SlotDocument['totals'][number]): GroupTotals {
  return { group, count, sum, min, max }
}

function totalsTuple({ group, count, sum, min, max }: GroupTotals): SlotDocument['totals'][number] {
  return [group, count, sum, min, max]
}
