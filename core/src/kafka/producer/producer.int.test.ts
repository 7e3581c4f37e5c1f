import { randomBytes } from 'node:crypto'
import { createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import kafkajs, { type Kafka } from 'kafkajs'
import { describe, expect, inject, test, vi } from 'vitest'
import { connectProducer, sendInParts } from './producer.ts'
import { headerValues } from '../client/record.ts'
import type { SendError } from './send-error.ts'
import { recordingLog } from '@lockstep/testkit/recording-log.ts'
import { kafkaFixture } from '@lockstep/testkit/kafka/kafka-fixture.ts'

const failureOf = (sent: Promise<unknown>) =>
  sent.then(
    () => undefined,
    (error: SendError) => error.failure,
  )

test('keys, values and headers arrive with the bytes that were sent', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'))
  await using producer = connectProducer(fixture.kafka, recordingLog())
  const bytes = randomBytes(64)
  await producer.send([
    {
      topic: fixture.topic,
      key: bytes,
      value: bytes,
      headers: { bytes, twice: ['a', null, bytes], empty: '', none: null },
    },
    { topic: fixture.topic, key: null, value: null },
    { topic: fixture.topic, key: '', value: Buffer.alloc(0), headers: {} },
  ])
  const [full, absent, empty] = await fixture.recordsOf(fixture.topic)
  expect(full).toMatchObject({ key: bytes, value: bytes })
  expect(full && headerValues(full.headers, 'twice')).toEqual([Buffer.from('a'), null, bytes])
  expect(full?.headers).toMatchObject({ bytes, empty: Buffer.alloc(0), none: null })
  expect(absent).toMatchObject({ key: null, value: null, headers: {} })
  expect(empty).toMatchObject({ key: Buffer.alloc(0), value: Buffer.alloc(0) })
})

// Trap 6: the values are those of Kafka's own UtilsTest.testMurmur2, so Java clients choose the same partitions.
test('a key goes to the partition that the Java client gives it', async () => {
  const partitions = 6
  await using fixture = await kafkaFixture(inject('kafkaBrokers'), { partitions })
  await using producer = connectProducer(fixture.kafka, recordingLog())
  const hashes = {
    '21': -973932308,
    foobar: -790332482,
    abc: 479470107,
    'a-little-bit-long-string': -985981536,
  }
  await producer.send(
    Object.keys(hashes).map((key) => ({ topic: fixture.topic, key, value: Buffer.from('') })),
  )
  const found = await fixture.recordsOf(fixture.topic)
  const chosen = Object.fromEntries(found.map(({ key, partition }) => [String(key), partition]))
  const expected = Object.entries(hashes).map(([key, hash]) => [key, (hash & 0x7fffffff) % partitions])
  expect(chosen).toEqual(Object.fromEntries(expected))
})

test('records of one key keep their order over many sends', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'))
  await using producer = connectProducer(fixture.kafka, recordingLog())
  const values = Array.from({ length: 200 }, (_, i) => String(i))
  await Promise.all(
    values.map((value) => producer.send([{ topic: fixture.topic, key: 'k', value: Buffer.from(value) }])),
  )
  expect((await fixture.recordsOf(fixture.topic)).map(({ value }) => String(value))).toEqual(values)
})

describe('a failed send', () => {
  test('says that records are too large, and sending in parts writes them in order', async () => {
    await using fixture = await kafkaFixture(inject('kafkaBrokers'), {
      config: { 'max.message.bytes': '10000' },
    })
    await using producer = connectProducer(fixture.kafka, recordingLog())
    const records = Array.from({ length: 20 }, (_, i) => ({
      topic: fixture.topic,
      key: 'k',
      value: Buffer.alloc(1_500, i),
    }))
    expect(await failureOf(producer.send(records))).toBe('too_large')
    await sendInParts(producer, records)
    const found = await fixture.recordsOf(fixture.topic)
    expect(found.map(({ value }) => value?.[0])).toEqual(records.map((_, i) => i))
    const single = [{ topic: fixture.topic, key: 'k', value: Buffer.alloc(20_000) }]
    expect(await failureOf(sendInParts(producer, single))).toBe('too_large')
  })

  test('says that there is no such topic, and does not create it', async () => {
    await using fixture = await kafkaFixture(inject('kafkaBrokers'))
    await using producer = connectProducer(fixture.kafka, recordingLog())
    const topic = `${fixture.topic}-absent`
    expect(await failureOf(producer.send([{ topic, key: 'k', value: null }]))).toBe('refused')
    expect(await fixture.admin.listTopics()).not.toContain(topic)
    await producer.send([{ topic: fixture.topic, key: 'k', value: null }])
  })

  // A broker refuses while it is not yet the leader of a partition, or has just lost one to another broker.
  test('is repeated as a whole if its cause is brief', async () => {
    await using fixture = await kafkaFixture(inject('kafkaBrokers'))
    const sends = vi.spyOn(kafkajs.Kafka.prototype, 'producer')
    await using producer = connectProducer(fixture.kafka, recordingLog())
    sends.mockImplementationOnce(function (this: Kafka, config) {
      sends.mockRestore()
      const made = this.producer(config)
      return { ...made, sendBatch: async () => Promise.reject(new Error('not the leader')) }
    })
    await producer.send([{ topic: fixture.topic, key: 'k', value: Buffer.from('1') }])
    expect(await fixture.recordsOf(fixture.topic)).toHaveLength(1)
  })

  test('says that brokers are unavailable', async () => {
    await using producer = connectProducer({ brokers: ['127.0.0.1:1'], clientId: 'test' }, recordingLog())
    expect(await failureOf(producer.send([{ topic: 't', key: 'k', value: null }]))).toBe('unavailable')
  })

  test('takes no longer than its limit when a broker accepts connections and never responds', async () => {
    const sockets: Socket[] = []
    const silent = createServer((socket) => sockets.push(socket.on('error', () => {}))).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const address = silent.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const settings = { brokers: [`127.0.0.1:${port}`], clientId: 'test' }
    await using producer = connectProducer(settings, recordingLog(), { sendTimeoutMs: 500 })
    const from = Date.now()
    expect(await failureOf(producer.send([{ topic: 't', key: 'k', value: null }]))).toBe('unavailable')
    // The time limit of a single request is 10 s.
    expect(Date.now() - from).toBeLessThan(8_000)
    await producer[Symbol.asyncDispose]()
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
})
