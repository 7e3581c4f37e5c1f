import type { Db } from 'mongodb'
import type { StoredDocument } from '../projection/document-store.ts'
import { asAppErrors, queryLimits } from '../projection/mongo-query.ts'
import type { StoredItem } from '../queries/definition.ts'
import type { Items, VersionFinder } from '../read-model.ts'
import { entryKey, keyParts, type EntryType } from './entry.ts'
import { headsOf, visibleEntries, type EntryDocument } from './history-store.ts'

/** A history as queries read it. Rejects with `unavailable`, or with `deadline_exceeded` if a query takes too long. */
export type HistoryFinder = VersionFinder & {
  /** 0 for an unknown id. */
  newest: (id: string) => Promise<number>
  /** Those that exist, by version. */
  entries: (id: string, versions: readonly number[]) => Promise<Map<number, FoundEntry>>
}

export type FoundEntry = {
  version: number
  type: EntryType
  occurredAt: Date
  requestId: string | undefined
  item: StoredItem
}

export function historyFinder(items: Items) {
  return (db: Db, name: string, { timeoutMs }: { timeoutMs: number }): HistoryFinder => {
    const heads = headsOf(db, name)
    return {
      versions: (keys) =>
        asAppErrors(() =>
          visibleEntries(db.collection<StoredDocument>(name), heads, keys, queryLimits(timeoutMs)),
        ),
      newest: (id) =>
        asAppErrors(async () => (await heads.findOne({ _id: id }, queryLimits(timeoutMs)))?.version ?? 0),
      entries: (id, versions) =>
        asAppErrors(async () => {
          const keys = versions.map((version) => entryKey(id, version))
          const found = await db
            .collection<EntryDocument>(name)
            .find({ _id: { $in: keys } }, queryLimits(timeoutMs))
            .toArray()
          return new Map(
            found.map((document) => {
              const entry = entryIn(items, document)
              return [entry.version, entry]
            }),
          )
        }),
    }
  }
}

function entryIn(items: Items, { _id, type, occurredAt, requestId, item }: EntryDocument): FoundEntry {
  const { id, version } = keyParts(_id)
  const document = { ...item, _id: id, version, deleted: item === null }
  return { version, type, occurredAt, requestId: requestId ?? undefined, item: items.ofDocument(document) }
}
