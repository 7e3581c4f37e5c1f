import { isDeepStrictEqual } from 'node:util'
import type { Collection } from 'mongodb'
import { fromReadModel } from '../or-unavailable.ts'
import type { AuditedStore, StoredEntry } from '../read-model.ts'
import { applyContributions, type SlotStore } from './apply-contributions.ts'
import { slotIn, totalsIn, type SlotDocument } from './mongo-slots.ts'
import { entryOf, slotOf, totalsOf, withEntry, type Contribution, type Entry, type Slot } from './slots.ts'

type StoredContribution = StoredEntry<Contribution>

/**
 * Entries that one pass over the slots collects: an audit reads them in the order of ids, in which the slots are not. A
 * difference that exists only because a page is old is gone when the audit checks it again.
 */
const WINDOW = 10_000

/** The contributions as an audit reads and repairs them. Wrong totals of a slot are a difference of each of its ids. */
export function auditedTotals(
  collection: Collection<SlotDocument>,
  store: SlotStore,
): AuditedStore<Contribution> {
  let window = { from: '', entries: [] as StoredContribution[], complete: false }

  async function readWindow(from: string): Promise<typeof window> {
    let entries: StoredContribution[] = []
    let complete = true
    const keepFirst = () => {
      entries.sort((a, b) => (a.id < b.id ? -1 : 1))
      complete &&= entries.length <= WINDOW
      entries = entries.slice(0, WINDOW)
    }
    for await (const document of collection.find()) {
      entries.push(...storedIn(slotIn(document)).filter(({ id }) => id > from))
      if (entries.length > 2 * WINDOW) keepFirst()
    }
    keepFirst()
    return { from, entries, complete }
  }

  /** Replaces the entry if it has this version. */
  async function replace(id: string, readVersion: number, entry: Entry | undefined): Promise<boolean> {
    for (;;) {
      const [slot] = await store.read([slotOf(id)])
      if (slot?.entries[id]?.[0] !== readVersion) return false
      const lost = await store.write([withEntry(slot, id, entry)])
      if (lost.size === 0) return true
    }
  }

  return {
    list: (after, limit) =>
      fromReadModel(async () => {
        const page = () => window.entries.filter(({ id }) => id > (after ?? '')).slice(0, limit)
        const covered = after !== undefined && after >= window.from
        const entries = covered ? page() : []
        if (covered && (entries.length === limit || window.complete)) return entries
        window = await readWindow(after ?? '')
        return page()
      }),
    find: (ids) =>
      fromReadModel(async () => {
        const slots = await store.read([...new Set(ids.map((id) => slotOf(id)))])
        const wanted = new Set(ids)
        const found = slots.flatMap(storedIn).filter(({ id }) => wanted.has(id))
        return new Map(found.map((entry) => [entry.id, entry]))
      }),
    count: () =>
      fromReadModel(async () => {
        const slots = await collection.find({}, { projection: { totals: 1 } }).toArray()
        return slots.flatMap(totalsIn).reduce((sum, { count }) => sum + count, 0)
      }),
    advance: (expected) =>
      fromReadModel(async () => (await applyContributions(store, [expected])).has(expected.id)),
    replace: (readVersion, expected) =>
      fromReadModel(() => replace(expected.id, readVersion, entryOf(expected))),
    remove: (id, readVersion) => fromReadModel(() => replace(id, readVersion, undefined)),
  }
}

const names = ['version', 'group', 'value'] as const

function storedIn({ entries, totals }: Slot): StoredContribution[] {
  const byGroup = (of: Slot['totals']) => new Map(of.map((each) => [each.group, each]))
  const wrong = !isDeepStrictEqual(byGroup(totals), byGroup(totalsOf(entries)))
  return Object.entries(entries).map(([id, entry]) => ({
    id,
    version: entry[0],
    differences(expectedState) {
      const expected = entryOf(expectedState)
      const fields = names.filter((_, index) => entry[index] !== expected[index])
      return wrong ? [...fields, 'totals'] : fields
    },
  }))
}
