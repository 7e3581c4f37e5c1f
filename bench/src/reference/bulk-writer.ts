import { MongoClient, type Document } from 'mongodb'

/**
 * Inserts the documents that the projection has inserted, in bulks of the same size, with the same write concern, and does
 * nothing else. Arguments: URL of the reader's database, collection, documents, bulk size, bulks in flight.
 */
const [url = '', name = '', limit, size, concurrency] = process.argv.slice(2)
const bulkSize = Number(size)
const client = new MongoClient(url, { writeConcern: { w: 'majority', journal: true } })
const found = await client.db().collection(name).find().limit(Number(limit)).toArray()
// About as they arrived: by time, and in no order of their random ids. An index whose keys grow is cheaper to fill.
const documents = found.toSorted((one, other) => (arrival(one) < arrival(other) ? -1 : 1))
const target = client.db('bulk-reference').collection(name)
await target.drop().catch(() => {})
for (const { key, name: index } of await client.db().collection(name).indexes()) {
  if (index !== '_id_') await target.createIndex(key, { name: index! })
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
    for (const bulk of queue) await target.insertMany(bulk, { ordered: false })
  }
  await Promise.all(Array.from({ length: Number(concurrency) }, worker))
}

function arrival({ _id, createdAt }: Document): string {
  return `${(createdAt as Date).toISOString()} ${String(_id).slice(-12)}`
}
