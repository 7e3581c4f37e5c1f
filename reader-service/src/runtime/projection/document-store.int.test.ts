import { openMongo } from '@lockstep/core/mongo/client.ts'
import { freshMongo } from '@lockstep/testkit/fresh-names.ts'
import type { BulkWriteResult, Collection, Db, Document } from 'mongodb'
import { afterAll, expect, inject, test } from 'vitest'
import type { ReadModelStore } from '../read-model.ts'
import { noteAt, noteReadModel } from '../testing/notes.ts'

/* The race of two upserts. `runtime/testing/store-guarantees.ts` has the other guarantees of the store. */

const url = freshMongo(inject('mongoUrl'))
// Two clients, as two replicas that both believe that they own the partition.
const clients = [openMongo({ url, appName: 'one' }), openMongo({ url, appName: 'other' })]

afterAll(async () => {
  await clients[0]!.db.dropDatabase()
  await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()))
})

const storesOf = (adapt: (db: Db) => Db) =>
  clients.map(({ db }) => noteReadModel.openStore(adapt(db), 'notes')) as [ReadModelStore, ReadModelStore]

/** An upsert of one document as MongoDB performs it: find, then insert; another client can write in between. */
function inTwoSteps(db: Db): Db {
  const collection = (name: string) => withSteps(db.collection(name))
  return Object.assign(Object.create(db) as Db, { collection })
}

function withSteps(collection: Collection): Collection {
  const bulkWrite: Collection['bulkWrite'] = async ([operation, ...others], options) => {
    if (!operation || others.length > 0) throw new Error('not expected')
    if (!('replaceOne' in operation)) return collection.bulkWrite([operation], options)
    const { filter, replacement } = operation.replaceOne
    const { matchedCount } = await collection.replaceOne(filter, replacement)
    const document = { ...replacement, _id: filter._id } as Document
    // The store reads only the errors and the ids that were inserted.
    if (matchedCount > 0) return { upsertedIds: {} } as BulkWriteResult
    return collection.bulkWrite([{ insertOne: { document } }], options)
  }
  return Object.assign(Object.create(collection) as Collection, { bulkWrite })
}

test.each([
  ['as the server performs them', storesOf((db) => db), 500],
  // The stand-in for MongoDB performs an upsert in one step, so the race needs help there.
  ['in two steps', storesOf(inTwoSteps), 1_500],
] as const)(
  'two upserts that race on an absent id end with the higher version: %s',
  async (_, stores, rounds) => {
    const ids = Array.from({ length: rounds }, () => crypto.randomUUID())
    const newerSuperseded: string[] = []
    const left = ids.entries()

    async function race(): Promise<void> {
      for (const [round, id] of left) {
        // Each is the first to be sent as often as the other.
        const [older, newer] = round % 2 ? stores : stores.toReversed()
        const [, applied] = await Promise.all([older!.apply([noteAt(id, 1)]), newer!.apply([noteAt(id, 2)])])
        if (!applied.has(id)) newerSuperseded.push(id)
      }
    }
    await Promise.all(Array.from({ length: 30 }, race))

    expect(newerSuperseded).toEqual([])
    expect(await stores[0].versions(ids)).toEqual(new Map(ids.map((id) => [id, 2])))
  },
)
