import { setTimeout as sleep } from 'node:timers/promises'
import { expect, inject, test } from 'vitest'
import { kafkaFixture, texts } from '@lockstep/testkit/kafka/kafka-fixture.ts'
import { consumeText } from '@lockstep/testkit/kafka/text-consumer.ts'

/** Members learn of a rebalance by their next heartbeat. */
const tuning = { heartbeatIntervalMs: 300 }

test('no record is lost while members join and leave', async () => {
  const partitions = 4
  await using fixture = await kafkaFixture(inject('kafkaBrokers'), { partitions })
  const sent: string[] = []
  const feeding = new AbortController()
  const feed = (async () => {
    for (let i = 0; !feeding.signal.aborted; i++) {
      await fixture.produce(texts(String(i)), i % partitions)
      sent.push(String(i))
    }
  })()
  const slowly = () => sleep(5)
  const applied = new Set<string>()
  await using first = consumeText(fixture, { handle: slowly, tuning })
  await expect.poll(() => first.applied.length).toBeGreaterThan(20)
  {
    await using second = consumeText(fixture, { handle: slowly, tuning })
    await expect.poll(() => second.applied.length).toBeGreaterThan(20)
    await using third = consumeText(fixture, { handle: slowly, tuning })
    await expect.poll(() => third.applied.length).toBeGreaterThan(20)
    await expect.poll(() => fixture.members()).toHaveLength(3)
    await third[Symbol.asyncDispose]()
    for (const value of [...second.applied, ...third.applied]) applied.add(value)
    await second[Symbol.asyncDispose]()
    for (const value of second.applied) applied.add(value)
  }
  feeding.abort()
  await feed
  const everything = () => sent.filter((value) => !applied.has(value) && !first.applied.includes(value))
  await expect.poll(everything).toEqual([])
  const ends = await fixture.admin.fetchTopicOffsets(fixture.topic)
  const expected = Object.fromEntries(ends.map(({ partition, high }) => [partition, Number(high)]))
  await expect.poll(() => fixture.committed()).toEqual(expected)
})

test('a rebalance in the middle of a batch commits the batch and redelivers none of it', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'), { partitions: 2 })
  await fixture.produce(texts('1', '2'), 0)
  await fixture.produce(texts('3', '4'), 1)
  const begun = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  await using first = consumeText(fixture, {
    tuning,
    async handle() {
      begun.resolve()
      await finish.promise
    },
  })
  await begun.promise
  await using second = consumeText(fixture, { tuning })
  const state = async () => (await fixture.admin.describeGroups([fixture.group])).groups[0]?.state
  await expect.poll(state).toBe('PreparingRebalance')
  finish.resolve()
  await expect.poll(state).toBe('Stable')
  await expect.poll(() => fixture.committed()).toEqual({ 0: 2, 1: 2 })
  expect([...first.applied, ...second.applied].toSorted()).toEqual(['1', '2', '3', '4'])
})

test('a paused partition that moved to another member and returned is consumed again', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'))
  // kafkajs assigns the partitions in the order of the member ids, which begin with the client id.
  const named = (clientId: string) => ({ ...fixture, kafka: { ...fixture.kafka, clientId } })
  await fixture.produce(texts('bad 1', 'bad 2', 'good'))
  await using first = consumeText(named('b'), { tuning: { permanentFailuresPerMinute: 1, ...tuning } })
  const paused = () => first.metric('kafka_consumer_paused_partitions', { reason: 'flood' })
  await expect.poll(paused).toBe(1)
  {
    await using second = consumeText(named('a'), { tuning })
    await expect.poll(() => second.applied).toEqual(['good'])
    await expect.poll(() => fixture.committed()).toEqual({ 0: 3 })
  }
  await fixture.produce(texts('later'))
  await expect.poll(() => first.applied).toEqual(['later'])
  await expect.poll(paused).toBe(0)
})
