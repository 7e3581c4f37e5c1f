import { afterAll, expect, inject, test } from 'vitest'
import { mongoClients } from '../testing/mongo-clients.ts'
import { deletedNoteAt, noteAt, noteReadModel } from '../testing/notes.ts'
import { entryKey, type HistoryEntry } from './entry.ts'
import { historyFinder } from './history-finder.ts'
import { historyStore } from './history-store.ts'

const clients = mongoClients(inject('mongoUrl'))
afterAll(() => clients[Symbol.asyncDispose]())

const { items } = noteReadModel

let opened = 0
function openHistory() {
  const name = `history${opened++}`
  const [db, other] = clients.dbs
  return {
    db,
    name,
    store: historyStore(items)(db, name),
    other: historyStore(items)(other, name),
    finder: historyFinder(items)(db, name, { timeoutMs: 10_000 }),
  }
}

function entry(id: string, version: number, after = noteAt(id, version)): HistoryEntry {
  return {
    id: entryKey(id, version),
    version: 1,
    deleted: false,
    aggregateId: id,
    aggregateVersion: version,
    type: version === 1 ? 'created' : 'updated',
    occurredAt: new Date(1_000 * version),
    requestId: `request-${version}`,
    after,
  }
}

test('each entry is inserted once, in whatever order the events arrive, and none is ever replaced', async () => {
  const { store, other, finder } = openHistory()
  const id = crypto.randomUUID()
  const first = await store.apply([entry(id, 1), entry(id, 2)])
  expect(first).toEqual(
    new Map([
      [entryKey(id, 1), 0],
      [entryKey(id, 2), 0],
    ]),
  )
  const changed = entry(id, 2, noteAt(id, 2, { text: 'other' }))
  expect(await other.apply([changed, entry(id, 4)])).toEqual(new Map([[entryKey(id, 4), 0]]))
  expect(await store.apply([entry(id, 3)])).toEqual(new Map([[entryKey(id, 3), 0]]))
  expect(await finder.newest(id)).toBe(4)
  const found = await finder.entries(id, [1, 2, 3, 4, 5])
  expect([...found.keys()].toSorted()).toEqual([1, 2, 3, 4])
  expect(found.get(2)).toEqual({
    version: 2,
    type: 'updated',
    occurredAt: new Date(2_000),
    requestId: 'request-2',
    item: items.ofState(noteAt(id, 2)),
  })
})

test('an entry whose head was not raised before a crash does not count as applied', async () => {
  const { store, db, name, finder } = openHistory()
  const id = crypto.randomUUID()
  await store.apply([entry(id, 1)])
  await store.apply([entry(id, 2)])
  await db.collection<{ _id: string }>(`${name}.heads`).updateOne({ _id: id }, { $set: { version: 1 } })
  const keys = [1, 2].map((version) => entryKey(id, version))
  expect(await store.versions(keys)).toEqual(new Map([[keys[0], 1]]))
  expect(await finder.versions(keys)).toEqual(new Map([[keys[0], 1]]))
  expect(await finder.newest(id)).toBe(1)
  // The redelivery finds the entry, and raises the head.
  expect(await store.apply([entry(id, 2)])).toEqual(new Map())
  expect(await store.versions(keys)).toEqual(new Map(keys.map((key) => [key, 1])))
  expect(await finder.newest(id)).toBe(2)
})

test('the entry of a deletion has no item, and an audit compares and repairs each entry and its head', async () => {
  const { store, db, name, finder } = openHistory()
  const { audited } = store
  const id = crypto.randomUUID()
  const deletion = { ...entry(id, 2), after: deletedNoteAt(id, 2), type: 'deleted' as const }
  await store.apply([entry(id, 1), deletion])
  expect((await finder.entries(id, [2])).get(2)).toMatchObject({ type: 'deleted', item: { deleted: true } })

  expect((await audited.list(undefined, 10)).map((each) => each.id)).toEqual([
    entryKey(id, 1),
    entryKey(id, 2),
  ])
  const differences = async (expected: HistoryEntry) =>
    (await audited.find([expected.id])).get(expected.id)!.differences(expected)
  expect(await differences(entry(id, 1))).toEqual([])
  expect(await differences(deletion)).toEqual([])
  expect(await differences({ ...entry(id, 1), requestId: undefined })).toEqual(['requestId'])
  expect(await differences(entry(id, 2))).toEqual(['item', 'type'])

  const heads = db.collection<{ _id: string }>(`${name}.heads`)
  await heads.deleteOne({ _id: id })
  expect(await differences(deletion)).toEqual(['head'])
  expect(await audited.replace(1, deletion)).toBe(true)
  expect(await differences(deletion)).toEqual([])

  // An entry that the writer does not have: without it, the head must not promise it.
  await store.apply([entry(id, 3), entry(id, 4)])
  expect(await audited.remove(entryKey(id, 3), 1)).toBe(true)
  expect(await audited.remove(entryKey(id, 4), 1)).toBe(true)
  expect(await finder.newest(id)).toBe(2)
  expect(await audited.advance(entry(id, 3))).toBe(true)
  expect(await finder.newest(id)).toBe(3)
  for (let i = 0; i < 2; i++) await store.drop()
  expect(await finder.newest(id)).toBe(0)
})
