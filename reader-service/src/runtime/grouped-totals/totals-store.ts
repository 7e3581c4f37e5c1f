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
  const apply = (contributions: readonly Contribution[]) => applyContributions(slots, contributions)
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
