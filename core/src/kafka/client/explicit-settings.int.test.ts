import kafkajs from 'kafkajs'
import { afterEach, expect, test, vi } from 'vitest'
import { createClient } from './client.ts'
import { connectProducer } from '../producer/producer.ts'
import { recordingLog } from '@lockstep/testkit/recording-log.ts'
import { keyPartitioner } from '../producer/key-partitioner.ts'
import { consumeText } from '@lockstep/testkit/kafka/text-consumer.ts'

/** Trap 6: settings that must not depend on the defaults of kafkajs. Nothing listens on port 1. */
const kafka = { brokers: ['127.0.0.1:1'], clientId: 'test' }

afterEach(() => vi.restoreAllMocks())

test('a producer creates no topics, has one request in flight and retries nothing by itself', async () => {
  const made = vi.spyOn(kafkajs.Kafka.prototype, 'producer')
  await using producer = connectProducer(kafka, recordingLog())
  await producer.send([{ topic: 't', key: null, value: null }]).catch(() => {})
  expect(made.mock.calls[0]).toMatchObject([
    {
      allowAutoTopicCreation: false,
      createPartitioner: keyPartitioner,
      maxInFlightRequests: 1,
      idempotent: false,
      retry: { retries: 0 },
    },
  ])
})

test('a consumer creates no topics, fetches with a short wait, and does not restart by itself', async () => {
  const made = vi.spyOn(kafkajs.Kafka.prototype, 'consumer')
  await using consumer = consumeText({ kafka, group: 'g', topic: 't' }, { tuning: { stopTimeoutMs: 10 } })
  const [config] = made.mock.calls[0] ?? []
  expect(config).toMatchObject({
    allowAutoTopicCreation: false,
    sessionTimeout: 10_000,
    heartbeatInterval: 3_000,
    minBytes: 1,
  })
  expect(config?.maxWaitTimeInMs).toBeLessThan(500)
  expect(await config?.retry?.restartOnFailure?.(new Error('crash'))).toBe(false)
  expect(consumer.applied).toEqual([])
})

test('a client waits for connections and responses for a limited time', async () => {
  const client = createClient(kafka, recordingLog())
  const from = Date.now()
  await expect(client.kafka.admin().connect()).rejects.toThrow('ECONNREFUSED')
  // With its own defaults, kafkajs retries for 9 s.
  expect(Date.now() - from).toBeLessThan(7_000)
  client.destroy()
})
