import { setTimeout as delay } from 'node:timers/promises'
import { expect, inject, test } from 'vitest'
import { startServers } from '@lockstep/local-infra/start-servers.ts'
import { throwAwayDir } from '@lockstep/local-infra/throw-away-dir.ts'
import { createTopics } from '../admin/create-topics.ts'
import { connectProducer } from '../producer/producer.ts'
import { consumeText, playground, rememberingLog, texts } from '../testing/harness.ts'

test('a broker that is killed and comes back costs no record, neither sent nor received', async () => {
  await using dir = await throwAwayDir()
  const { kafka: broker } = await startServers({ dir: dir.dir, only: ['kafka'] })
  const place = await playground(broker.brokers)
  await using consumer = consumeText(place, {
    tuning: { sessionTimeoutMs: 6_000, heartbeatIntervalMs: 2_000 },
  })
  await using producer = connectProducer(place.kafka, rememberingLog(), { sendTimeoutMs: 5_000 })

  const sent: string[] = []
  const failures: unknown[] = []
  const feeding = new AbortController()
  const feed = (async () => {
    for (let i = 0; !feeding.signal.aborted; i++) {
      const record = { topic: place.topic, key: 'one', value: Buffer.from(String(i)) }
      while (
        !(await producer.send([record]).then(
          () => true,
          (error: unknown) => !failures.push(error),
        ))
      )
        await delay(50)
      sent.push(String(i))
      await delay(2)
    }
  })()
  await expect.poll(() => consumer.applied.length).toBeGreaterThan(50)
  await broker.kill()
  await expect.poll(() => failures.length).toBeGreaterThan(0)
  await broker.start()
  const before = sent.length
  await expect.poll(() => sent.length).toBeGreaterThan(before + 50)
  feeding.abort()
  await feed

  await expect.poll(() => consumer.applied.at(-1)).toBe(sent.at(-1))
  const firsts = [...new Set(consumer.applied)]
  expect(firsts).toEqual(sent)
  expect(failures).toSatisfy((all: { failure?: string }[]) =>
    all.every(({ failure }) => failure === 'unavailable'),
  )
  expect(await consumer.metric('kafka_consumer_last_progress_timestamp_seconds')).toBeGreaterThan(0)
})

test('a consumer starts before its brokers and its topics are there', async () => {
  await using place = await playground(inject('kafkaBrokers'))
  const later = { ...place, topic: `${place.topic}-later` }
  await using consumer = consumeText(later)
  await expect.poll(() => consumer.metric('kafka_consumer_restarts_total')).toBeGreaterThan(0)
  await createTopics(place.admin, [{ topic: later.topic, numPartitions: 1 }])
  await place.produce(texts('1'), 0, later.topic)
  await expect.poll(() => consumer.applied).toEqual(['1'])
  await consumer[Symbol.asyncDispose]()
  await place.admin.deleteTopics({ topics: [later.topic] })
})

// Trap 3.
test('a consumer that cannot go on says so instead of starting again for ever', async () => {
  await using place = await playground(inject('kafkaBrokers'))
  // Shorter than group.min.session.timeout.ms of the broker.
  await using consumer = consumeText(place, { tuning: { sessionTimeoutMs: 100, heartbeatIntervalMs: 50 } })
  expect(await consumer.failed).toMatchObject({ type: 'INVALID_SESSION_TIMEOUT' })
})

test('a consumer without a sign of life fails, so that its process can end', async () => {
  await using place = await playground(inject('kafkaBrokers'))
  await place.produce(texts('1'))
  const finish = Promise.withResolvers<void>()
  await using consumer = consumeText(place, {
    tuning: { stallLimitMs: 1_000, stopTimeoutMs: 500 },
    handle: () => finish.promise,
  })
  expect(String(await consumer.failed)).toContain('no sign of life')
  finish.resolve()
})

test('a consumer with nothing to do, or only with failures, is alive', async () => {
  // Longer than a busy machine may need to join a group.
  const stallLimitMs = 5_000
  await using place = await playground(inject('kafkaBrokers'), { partitions: 2 })
  await place.produce(texts('stuck'))
  await using consumer = consumeText(place, {
    tuning: { stallLimitMs },
    async handle() {
      throw new Error('not now')
    },
  })
  const outcome = await Promise.race([consumer.failed, delay(1.6 * stallLimitMs, 'alive')])
  expect(outcome).toBe('alive')
})

test('the lag is right after a batch, while a partition is stuck, and when nothing happens', async () => {
  await using place = await playground(inject('kafkaBrokers'), { partitions: 2 })
  await place.produce(texts('1', '2', '3'), 0)
  const finish = Promise.withResolvers<void>()
  await using consumer = consumeText(place, {
    tuning: { lagRefreshMs: 200 },
    async handle(messages) {
      if (messages.some(({ value }) => value === 'stuck')) throw new Error('not now')
      await finish.promise
    },
  })
  const lag = (partition: number) =>
    consumer.metric('kafka_consumer_lag_records', { topic: place.topic, partition })
  await expect.poll(() => lag(0)).toBe(3)
  finish.resolve()
  await expect.poll(() => lag(0)).toBe(0)
  await expect.poll(() => lag(1)).toBe(0)
  await place.produce(texts('stuck', '5'), 1)
  await expect.poll(() => lag(1)).toBe(2)
})
