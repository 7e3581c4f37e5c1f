import { randomBytes } from 'node:crypto'
import { createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import kafkajs, { type Kafka } from 'kafkajs'
import { describe, expect, inject, test, vi } from 'vitest'
import { connectProducer, sendInParts } from './producer.ts'
import { headerValues } from '../client/record.ts'
import type { SendError } from './send-error.ts'
import { playground, rememberingLog } from '../testing/harness.ts'

const failureOf = (sent: Promise<unknown>) =>
  sent.then(
    () => undefined,
    (error: SendError) => error.failure,
  )

test('keys, values and headers arrive with the bytes that were sent', async () => {
  await using place = await playground(inject('kafkaBrokers'))
  await using producer = connectProducer(place.kafka, rememberingLog())
  const bytes = randomBytes(64)
  await producer.send([
    {
      topic: place.topic,
      key: bytes,
      value: bytes,
      headers: { bytes, twice: ['a', null, bytes], empty: '', none: null },
    },
    { topic: place.topic, key: null, value: null },
    { topic: place.topic, key: '', value: Buffer.alloc(0), headers: {} },
  ])
  const [full, absent, empty] = await place.recordsOf(place.topic)
  expect(full).toMatchObject({ key: bytes, value: bytes })
  expect(full && headerValues(full.headers, 'twice')).toEqual([Buffer.from('a'), null, bytes])
  expect(full?.headers).toMatchObject({ bytes, empty: Buffer.alloc(0), none: null })
  expect(absent).toMatchObject({ key: null, value: null, headers: {} })
  expect(empty).toMatchObject({ key: Buffer.alloc(0), value: Buffer.alloc(0) })
})

// Trap 6: the values are those of Kafka's own UtilsTest.testMurmur2, so Java clients choose the same partitions.
test('a key goes to the partition that the Java client gives it', async () => {
  const partitions = 6
  await using place = await playground(inject('kafkaBrokers'), { partitions })
  await using producer = connectProducer(place.kafka, rememberingLog())
  const hashes = {
    '21': -973932308,
    foobar: -790332482,
    abc: 479470107,
    'a-little-bit-long-string': -985981536,
  }
  await producer.send(Object.keys(hashes).map((key) => ({ topic: place.topic, key, value: Buffer.from('') })))
  const found = await place.recordsOf(place.topic)
  const chosen = Object.fromEntries(found.map(({ key, partition }) => [String(key), partition]))
  const expected = Object.entries(hashes).map(([key, hash]) => [key, (hash & 0x7fffffff) % partitions])
  expect(chosen).toEqual(Object.fromEntries(expected))
})

test('records of one key keep their order over many sends', async () => {
  await using place = await playground(inject('kafkaBrokers'))
  await using producer = connectProducer(place.kafka, rememberingLog())
  const values = Array.from({ length: 200 }, (_, i) => String(i))
  await Promise.all(
    values.map((value) => producer.send([{ topic: place.topic, key: 'k', value: Buffer.from(value) }])),
  )
  expect((await place.recordsOf(place.topic)).map(({ value }) => String(value))).toEqual(values)
})

describe('a failed send', () => {
  test('says that records are too large, and sending in parts gets them through in their order', async () => {
    await using place = await playground(inject('kafkaBrokers'), { config: { 'max.message.bytes': '10000' } })
    await using producer = connectProducer(place.kafka, rememberingLog())
    const records = Array.from({ length: 20 }, (_, i) => ({
      topic: place.topic,
      key: 'k',
      value: Buffer.alloc(1_500, i),
    }))
    expect(await failureOf(producer.send(records))).toBe('too_large')
    await sendInParts(producer, records)
    const found = await place.recordsOf(place.topic)
    expect(found.map(({ value }) => value?.[0])).toEqual(records.map((_, i) => i))
    const single = [{ topic: place.topic, key: 'k', value: Buffer.alloc(20_000) }]
    expect(await failureOf(sendInParts(producer, single))).toBe('too_large')
  })

  test('says that there is no such topic, and makes none', async () => {
    await using place = await playground(inject('kafkaBrokers'))
    await using producer = connectProducer(place.kafka, rememberingLog())
    const topic = `${place.topic}-absent`
    expect(await failureOf(producer.send([{ topic, key: 'k', value: null }]))).toBe('refused')
    expect(await place.admin.listTopics()).not.toContain(topic)
    await producer.send([{ topic: place.topic, key: 'k', value: null }])
  })

  // A broker that is the leader of nothing yet refuses; so do those that have just lost a partition to another.
  test('that passes in a moment is repeated as a whole', async () => {
    await using place = await playground(inject('kafkaBrokers'))
    const sends = vi.spyOn(kafkajs.Kafka.prototype, 'producer')
    await using producer = connectProducer(place.kafka, rememberingLog())
    sends.mockImplementationOnce(function (this: Kafka, config) {
      sends.mockRestore()
      const made = this.producer(config)
      return { ...made, sendBatch: async () => Promise.reject(new Error('not the leader')) }
    })
    await producer.send([{ topic: place.topic, key: 'k', value: Buffer.from('1') }])
    expect(await place.recordsOf(place.topic)).toHaveLength(1)
  })

  test('says that brokers are away', async () => {
    await using producer = connectProducer({ brokers: ['127.0.0.1:1'], clientId: 'test' }, rememberingLog())
    expect(await failureOf(producer.send([{ topic: 't', key: 'k', value: null }]))).toBe('unavailable')
  })

  test('takes no longer than its limit when a broker accepts connections and says nothing', async () => {
    const sockets: Socket[] = []
    const silent = createServer((socket) => sockets.push(socket.on('error', () => {}))).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const address = silent.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const settings = { brokers: [`127.0.0.1:${port}`], clientId: 'test' }
    await using producer = connectProducer(settings, rememberingLog(), { sendTimeoutMs: 500 })
    const from = Date.now()
    expect(await failureOf(producer.send([{ topic: 't', key: 'k', value: null }]))).toBe('unavailable')
    // A request may take 10 s by itself.
    expect(Date.now() - from).toBeLessThan(8_000)
    await producer[Symbol.asyncDispose]()
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
})
