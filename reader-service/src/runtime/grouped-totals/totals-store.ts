import { batchByTurn } from '@lockstep/core/async/batch-by-turn.ts'
import type { Db } from 'mongodb'
import { ignoreAbsent } from '../projection/document-store.ts'
import type { ReadModelStore } from '../read-model.ts'
import { applyContributions } from './apply-contributions.ts'
import { auditedTotals } from './audited-totals.ts'
import { mongoSlots, versionsIn, type SlotDocument } from './mongo-slots.ts'
import type { Contribution } from './slots.ts'

/** The totals of one generation, as the projection, rebuilds and audits use them. */
export function totalsStore(db: Db, name: string): ReadModelStore<Contribution> {
  const collection = db.collection<SlotDocument>(name)
  const slots = mongoSlots(collection)
  // The batches of the partitions have the same slots: side by side they would lose against each other.
  const apply = batchByTurn(
    async (batches: readonly (readonly Contribution[])[]) => {
      const applied = await applyContributions(slots, batches.flat())
      return batches.map((batch) => ofBatch(batch, applied))
    },
    { inFlight: 1 },
  )
  return {
    collections: [''],
    versions: (ids) => versionsIn(collection, ids),
    apply,
    prepare: async () => {},
    async drop() {
      await collection.drop().catch(ignoreAbsent)
    },
    audited: auditedTotals(collection, slots),
  }
}

function ofBatch(batch: readonly Contribution[], applied: ReadonlyMap<string, number>): Map<string, number> {
  return new Map(
    batch.flatMap(({ id }): [string, number][] => {
      const replaced = applied.get(id)
      return replaced === undefined ? [] : [[id, replaced]]
    }),
  )
}
