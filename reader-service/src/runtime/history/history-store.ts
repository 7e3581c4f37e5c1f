import type { Collection, Db } from 'mongodb'
import { fromReadModel } from '../or-unavailable.ts'
import {
  documentStore,
  ignoreAbsent,
  storedVersions,
  type StoredDocument,
} from '../projection/document-store.ts'
import type { Items, OpenStore, StoredEntry } from '../read-model.ts'
import { entryKey, keyParts, type EntryType, type HistoryEntry } from './entry.ts'

/** An entry as the store has it. `_id` is its key, and `item` has the public fields after the event. */
export type EntryDocument = {
  _id: string
  type: EntryType
  occurredAt: Date
  requestId: string | null
  /** Null after a deletion. */
  item: Record<string, unknown> | null
}

/** The newest version of an aggregate. An entry is visible once the head has reached it. */
type Head = { _id: string; version: number }

const headsSuffix = '.heads'

export const headsOf = (db: Db, collection: string): Collection<Head> =>
  db.collection<Head>(`${collection}${headsSuffix}`)

/**
 * Entries that are inserted if they are absent, and a head for each aggregate, which is raised after them. A crash in
 * between is repaired by the redelivery: an entry above its head counts as not applied.
 */
export function historyStore(items: Items): OpenStore<HistoryEntry> {
  const openEntries = documentStore((state) => fieldsOf(items, state as HistoryEntry), [])

  return (db, name) => {
    const entries = openEntries(db, name)
    const documents = db.collection<StoredDocument>(name)
    const heads = headsOf(db, name)
    const { audited } = entries

    const apply = async (states: readonly HistoryEntry[]) => {
      const applied = await entries.apply(states)
      await raise(heads, states)
      return applied
    }

    return {
      collections: ['', headsSuffix],
      versions: (keys) => visibleEntries(documents, heads, keys),
      apply,
      prepare: entries.prepare,
      async drop() {
        await entries.drop()
        await heads.drop().catch(ignoreAbsent)
      },
      audited: {
        list: async (after, limit) => withHeads(heads, await audited.list(after, limit)),
        async find(keys) {
          const found = await audited.find(keys)
          return new Map((await withHeads(heads, [...found.values()])).map((entry) => [entry.id, entry]))
        },
        count: audited.count,
        advance: (expected) => fromReadModel(async () => (await apply([expected])).has(expected.id)),
        async replace(readVersion, expected) {
          const replaced = await audited.replace(readVersion, expected)
          await fromReadModel(() => raise(heads, [expected]))
          return replaced
        },
        async remove(key, readVersion) {
          const removed = await audited.remove(key, readVersion)
          await fromReadModel(() => lower(documents, heads, keyParts(key).id))
          return removed
        },
      },
    }
  }
}

function fieldsOf(
  items: Items,
  { type, occurredAt, requestId, after }: HistoryEntry,
): Omit<EntryDocument, '_id'> {
  const { id: _id, version: _version, deleted, ...item } = items.ofState(after) as Record<string, unknown>
  return { type, occurredAt, requestId: requestId ?? null, item: deleted ? null : item }
}

/** The keys of the entries that queries find, each with version 1. */
export async function visibleEntries(
  documents: Collection<StoredDocument>,
  heads: Collection<Head>,
  keys: readonly string[],
  limits: object = {},
): Promise<Map<string, number>> {
  const ids = [...new Set(keys.map((key) => keyParts(key).id))]
  const [stored, reached] = await Promise.all([
    storedVersions(documents, keys, limits),
    heads.find({ _id: { $in: ids } }, limits).toArray(),
  ])
  const newest = new Map(reached.map(({ _id, version }) => [_id, version]))
  return new Map(
    [...stored].filter(([key]) => {
      const { id, version } = keyParts(key)
      return version <= (newest.get(id) ?? 0)
    }),
  )
}

async function raise(heads: Collection<Head>, states: readonly HistoryEntry[]): Promise<void> {
  const newest = new Map<string, number>()
  for (const { aggregateId, aggregateVersion } of states) {
    newest.set(aggregateId, Math.max(aggregateVersion, newest.get(aggregateId) ?? 0))
  }
  if (newest.size === 0) return
  const operations = [...newest].map(([_id, version]) => ({
    updateOne: { filter: { _id }, update: { $max: { version } }, upsert: true },
  }))
  await heads.bulkWrite(operations, { ordered: false })
}

/** After an entry was removed: the head must not promise it. */
async function lower(
  documents: Collection<StoredDocument>,
  heads: Collection<Head>,
  id: string,
): Promise<void> {
  for (;;) {
    const head = await heads.findOne({ _id: id })
    if (!head || (await documents.findOne({ _id: entryKey(id, head.version) }))) return
    if (head.version > 1) await heads.updateOne(head, { $set: { version: head.version - 1 } })
    else await heads.deleteOne(head)
  }
}

/** An entry above its head is a difference: queries do not find it. */
async function withHeads(
  heads: Collection<Head>,
  entries: readonly StoredEntry[],
): Promise<StoredEntry<HistoryEntry>[]> {
  const ids = [...new Set(entries.map(({ id }) => keyParts(id).id))]
  const found = await fromReadModel(() => heads.find({ _id: { $in: ids } }).toArray())
  const newest = new Map(found.map(({ _id, version }) => [_id, version]))
  return entries.map((entry) => {
    const { id, version } = keyParts(entry.id)
    const hidden = version > (newest.get(id) ?? 0)
    return hidden ? { ...entry, differences: (expected) => [...entry.differences(expected), 'head'] } : entry
  })
}
