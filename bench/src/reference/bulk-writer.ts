import { MongoClient, type Document } from 'mongodb'

/**
 * Writes the documents that the projection has inserted once more: into the same collection, which it empties first, in
 * bulks of the same size, with the same indexes and the same write concern. It does nothing else. In a second collection
 * the insertions would be dearer than those of the projection: the server would keep twice as much in its memory.
 * Arguments: URL of the reader's database, collection, bulk size, bulks in flight.
 */
const [url = '', name = '', size, concurrency] = process.argv.slice(2)
const bulkSize = Number(size)
const client = new MongoClient(url, { writeConcern: { w: 'majority', journal: true } })
const collection = client.db().collection(name)
const found = await collection.find().toArray()
// About as they arrived: by time, and in no order of their random ids. An index whose keys grow is cheaper to fill.
const documents = found.toSorted((one, other) => (arrival(one) < arrival(other) ? -1 : 1))
const indexes = await collection.indexes()
await collection.drop()
for (const { key, name: index } of indexes) {
  if (index !== '_id_') await collection.createIndex(key, { name: index! })
}

const bulks: Document[][] = []
for (let from = 0; from < documents.length; from += bulkSize)
  bulks.push(documents.slice(from, from + bulkSize))
// As in the projection, the first fifth warms up and does not count.
const warmUp = bulks.splice(0, Math.ceil(bulks.length / 5))
const counted = bulks.reduce((sum, bulk) => sum + bulk.length, 0)

await writeAll(warmUp)
process.send?.('began')
const began = performance.now()
await writeAll(bulks)
const seconds = (performance.now() - began) / 1_000
await client.close()
process.send?.({ count: counted, seconds })
process.disconnect()

async function writeAll(all: readonly Document[][]): Promise<void> {
  const queue = all.values()
  const worker = async () => {
    for (const bulk of queue) await collection.insertMany(bulk, { ordered: false })
  }
  await Promise.all(Array.from({ length: Number(concurrency) }, worker))
}

function arrival({ _id, createdAt }: Document): string {
  return `${(createdAt as Date).toISOString()} ${String(_id).slice(-12)}`
}
