import { setTimeout as delay } from 'node:timers/promises'
import { expect, inject, test } from 'vitest'
import { consumeText, playground, texts } from '../testing/harness.ts'

/** Members learn of a rebalance by their next heartbeat. */
const tuning = { heartbeatIntervalMs: 300 }

test('nothing is lost while members come and go', async () => {
  const partitions = 4
  await using place = await playground(inject('kafkaBrokers'), { partitions })
  const sent: string[] = []
  const feeding = new AbortController()
  const feed = (async () => {
    for (let i = 0; !feeding.signal.aborted; i++) {
      await place.produce(texts(String(i)), i % partitions)
      sent.push(String(i))
    }
  })()
  const slowly = () => delay(5)
  const applied = new Set<string>()
  await using first = consumeText(place, { handle: slowly, tuning })
  await expect.poll(() => first.applied.length).toBeGreaterThan(20)
  {
    await using second = consumeText(place, { handle: slowly, tuning })
    await expect.poll(() => second.applied.length).toBeGreaterThan(20)
    await using third = consumeText(place, { handle: slowly, tuning })
    await expect.poll(() => third.applied.length).toBeGreaterThan(20)
    await expect.poll(() => place.members()).toHaveLength(3)
    await third[Symbol.asyncDispose]()
    for (const value of [...second.applied, ...third.applied]) applied.add(value)
    await second[Symbol.asyncDispose]()
    for (const value of second.applied) applied.add(value)
  }
  feeding.abort()
  await feed
  const everything = () => sent.filter((value) => !applied.has(value) && !first.applied.includes(value))
  await expect.poll(everything).toEqual([])
  const ends = await place.admin.fetchTopicOffsets(place.topic)
  const expected = Object.fromEntries(ends.map(({ partition, high }) => [partition, Number(high)]))
  await expect.poll(() => place.committed()).toEqual(expected)
})

test('a rebalance in the middle of a batch commits the batch and repeats nothing of it', async () => {
  await using place = await playground(inject('kafkaBrokers'), { partitions: 2 })
  await place.produce(texts('1', '2'), 0)
  await place.produce(texts('3', '4'), 1)
  const begun = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  await using first = consumeText(place, {
    tuning,
    async handle() {
      begun.resolve()
      await finish.promise
    },
  })
  await begun.promise
  await using second = consumeText(place, { tuning })
  const state = async () => (await place.admin.describeGroups([place.group])).groups[0]?.state
  await expect.poll(state).toBe('PreparingRebalance')
  finish.resolve()
  await expect.poll(state).toBe('Stable')
  await expect.poll(() => place.committed()).toEqual({ 0: 2, 1: 2 })
  expect([...first.applied, ...second.applied].toSorted()).toEqual(['1', '2', '3', '4'])
})

test('a paused partition that was lost and came back is read again', async () => {
  await using place = await playground(inject('kafkaBrokers'))
  // kafkajs deals the partitions out in the order of the member ids, which begin with the client id.
  const named = (clientId: string) => ({ ...place, kafka: { ...place.kafka, clientId } })
  await place.produce(texts('bad 1', 'bad 2', 'good'))
  await using first = consumeText(named('b'), { tuning: { permanentFailuresPerMinute: 1, ...tuning } })
  const paused = () => first.metric('kafka_consumer_paused_partitions', { reason: 'flood' })
  await expect.poll(paused).toBe(1)
  {
    await using second = consumeText(named('a'), { tuning })
    await expect.poll(() => second.applied).toEqual(['good'])
    await expect.poll(() => place.committed()).toEqual({ 0: 3 })
  }
  await place.produce(texts('later'))
  await expect.poll(() => first.applied).toEqual(['later'])
  await expect.poll(paused).toBe(0)
})
