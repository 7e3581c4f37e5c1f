import { setTimeout as sleep } from 'node:timers/promises'
import { expect, inject, test } from 'vitest'
import { startServers } from '@lockstep/testkit/start-servers.ts'
import { throwAwayDir } from '@lockstep/testkit/throw-away-dir.ts'
import { createTopics } from '../admin/create-topics.ts'
import { connectProducer } from '../producer/producer.ts'
import { recordingLog } from '@lockstep/testkit/recording-log.ts'
import { kafkaFixture, texts } from '@lockstep/testkit/kafka/kafka-fixture.ts'
import { consumeText } from '@lockstep/testkit/kafka/text-consumer.ts'

test('a broker that is killed and restarted loses no record, neither sent nor received', async () => {
  await using dir = await throwAwayDir()
  const { kafka: broker } = await startServers({ dir: dir.dir, only: ['kafka'] })
  const fixture = await kafkaFixture(broker.brokers)
  await using consumer = consumeText(fixture, {
    tuning: { sessionTimeoutMs: 6_000, heartbeatIntervalMs: 2_000 },
  })
  await using producer = connectProducer(fixture.kafka, recordingLog(), { sendTimeoutMs: 5_000 })

  const sent: string[] = []
  const failures: unknown[] = []
  const feeding = new AbortController()
  const feed = (async () => {
    for (let i = 0; !feeding.signal.aborted; i++) {
      const record = { topic: fixture.topic, key: 'one', value: Buffer.from(String(i)) }
      while (
        !(await producer.send([record]).then(
          () => true,
          (error: unknown) => !failures.push(error),
        ))
      )
        await sleep(50)
      sent.push(String(i))
      await sleep(2)
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

test('a consumer starts before its brokers and its topics exist', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'))
  const later = { ...fixture, topic: `${fixture.topic}-later` }
  await using consumer = consumeText(later)
  await expect.poll(() => consumer.metric('kafka_consumer_restarts_total')).toBeGreaterThan(0)
  await createTopics(fixture.admin, [{ topic: later.topic, numPartitions: 1 }])
  await fixture.produce(texts('1'), 0, later.topic)
  await expect.poll(() => consumer.applied).toEqual(['1'])
  await consumer[Symbol.asyncDispose]()
  await fixture.admin.deleteTopics({ topics: [later.topic] })
})

// Trap 3.
test('a consumer that cannot continue reports it instead of restarting indefinitely', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'))
  // Shorter than group.min.session.timeout.ms of the broker.
  await using consumer = consumeText(fixture, { tuning: { sessionTimeoutMs: 100, heartbeatIntervalMs: 50 } })
  expect(await consumer.failed).toMatchObject({ type: 'INVALID_SESSION_TIMEOUT' })
})

test('an inactive consumer fails, so that its process can exit', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'))
  await fixture.produce(texts('1'))
  const finish = Promise.withResolvers<void>()
  await using consumer = consumeText(fixture, {
    tuning: { stallLimitMs: 1_000, stopTimeoutMs: 500 },
    handle: () => finish.promise,
  })
  expect(String(await consumer.failed)).toContain('has been inactive')
  finish.resolve()
})

test('a consumer without records, or with failing batches only, is active', async () => {
  // Longer than a busy machine may need to join a group.
  const stallLimitMs = 5_000
  await using fixture = await kafkaFixture(inject('kafkaBrokers'), { partitions: 2 })
  await fixture.produce(texts('stuck'))
  await using consumer = consumeText(fixture, {
    tuning: { stallLimitMs },
    async handle() {
      throw new Error('not now')
    },
  })
  const outcome = await Promise.race([consumer.failed, sleep(1.6 * stallLimitMs, 'active')])
  expect(outcome).toBe('active')
})

test('the lag is correct after a batch, while a partition is stuck, and while idle', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'), { partitions: 2 })
  await fixture.produce(texts('1', '2', '3'), 0)
  const finish = Promise.withResolvers<void>()
  await using consumer = consumeText(fixture, {
    tuning: { lagRefreshMs: 200 },
    async handle(messages) {
      if (messages.some(({ value }) => value === 'stuck')) throw new Error('not now')
      await finish.promise
    },
  })
  const lag = (partition: number) =>
    consumer.metric('kafka_consumer_lag_records', { topic: fixture.topic, partition })
  await expect.poll(() => lag(0)).toBe(3)
  finish.resolve()
  await expect.poll(() => lag(0)).toBe(0)
  await expect.poll(() => lag(1)).toBe(0)
  await fixture.produce(texts('stuck', '5'), 1)
  await expect.poll(() => lag(1)).toBe(2)
})
