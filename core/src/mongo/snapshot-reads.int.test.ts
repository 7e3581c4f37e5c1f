import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { BSON, Timestamp, type Document } from 'mongodb'
import { expect, inject, onTestFinished, test } from 'vitest'
import { openMongo } from './client.ts'
import { snapshotReads } from './snapshot-reads.ts'

const OP_QUERY = 2004
const MOMENT = new Timestamp({ t: 7, i: 1 })

/**
 * Answers as the primary of a replica set, which this project's tests have no server for. It returns an empty result for
 * each find, with the time of its snapshot, and keeps the commands.
 */
async function replicaSet() {
  const finds: Document[] = []
  const server = createServer((socket) => {
    let received = Buffer.alloc(0)
    socket.on('data', (part) => {
      received = Buffer.concat([received, part])
      while (received.length >= 4 && received.length >= received.readInt32LE(0)) {
        const message = received.subarray(0, received.readInt32LE(0))
        received = received.subarray(message.length)
        const legacy = message.readInt32LE(12) === OP_QUERY
        // After the header: flags, then a name and two numbers, or the kind of the section.
        const at = legacy ? message.indexOf(0, 20) + 9 : 21
        const command = BSON.deserialize(message.subarray(at))
        if ('find' in command) finds.push(command)
        socket.write(reply(message.readInt32LE(4), legacy, responseTo(command)))
      }
    })
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  onTestFinished(() => void server.close())

  const responseTo = (command: Document): Document => {
    if ('find' in command) {
      return { cursor: { id: 0n, ns: 'db.any', firstBatch: [], atClusterTime: MOMENT }, ok: 1 }
    }
    const member = { setName: 'set', hosts: [host], me: host, setVersion: 1, isWritablePrimary: true }
    return {
      ...member,
      minWireVersion: 0,
      maxWireVersion: 25,
      maxBsonObjectSize: 16_777_216,
      maxMessageSizeBytes: 48_000_000,
      maxWriteBatchSize: 100_000,
      logicalSessionTimeoutMinutes: 30,
      ok: 1,
    }
  }
  return { url: `mongodb://${host}/db`, finds }
}

function reply(requestId: number, legacy: boolean, response: Document): Buffer {
  const document = BSON.serialize(response)
  const head = Buffer.alloc(legacy ? 36 : 21)
  head.writeInt32LE(head.length + document.length, 0)
  head.writeInt32LE(requestId, 8)
  head.writeInt32LE(legacy ? 1 : 2013, 12)
  if (legacy) head.writeInt32LE(1, 32)
  return Buffer.concat([head, document])
}

test('reads of a replica set have the read concern snapshot, and the later ones the time of the first', async () => {
  const { url, finds } = await replicaSet()
  await using mongo = openMongo({ url, appName: 'test' })
  const inSnapshot = snapshotReads(mongo.db)
  const find = () =>
    inSnapshot(async (options) => {
      await mongo.db.collection('any').find({}, options).toArray()
      await mongo.db.collection('any').find({}, options).toArray()
    })
  await find()
  await find()
  const snapshot = { level: 'snapshot' }
  expect(finds.map(({ readConcern }) => readConcern)).toEqual([
    snapshot,
    { ...snapshot, atClusterTime: MOMENT },
    snapshot,
    { ...snapshot, atClusterTime: MOMENT },
  ])
})

test('a server without snapshots is read as it is', async () => {
  await using mongo = openMongo({ url: inject('mongoUrl'), appName: 'test' })
  const found = await snapshotReads(mongo.db)(async (options) => {
    expect(options).toEqual({})
    return mongo.db.collection('absent').find({}, options).toArray()
  })
  expect(found).toEqual([])
})
