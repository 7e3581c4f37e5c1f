import { setTimeout as delay } from 'node:timers/promises'
import { describe, inject, test } from 'vitest'
import { errorTopic } from '@lockstep/contracts/topics.ts'
import type { Handle } from './process-batch.ts'
import { consumeText, playground, texts } from '../testing/harness.ts'

/** The shortest session that a broker allows by default. */
const tuning = { sessionTimeoutMs: 6_000, heartbeatIntervalMs: 2_000, maxBackoffMs: 1_000 }

describe.concurrent('a dependency that is away for longer than a session', () => {
  const outages: Record<string, (over: Promise<unknown>) => Handle<string>> = {
    'that refuses at once': (over) => {
      let back = false
      over.then(() => (back = true)).catch(() => {})
      return async () => {
        if (!back) throw new Error('connection refused')
      }
    },
    // Trap 5: kafkajs sends no heartbeat while a handler runs.
    'that hangs': (over) => async () => {
      await over
    },
  }
  for (const [how, handler] of Object.entries(outages)) {
    test(`${how} costs neither a record nor the membership`, async ({ expect }) => {
      await using place = await playground(inject('kafkaBrokers'), { partitions: 2 })
      await place.produce(texts('1', '2'), 0)
      await place.produce(texts('3'), 1)
      const over = Promise.withResolvers<void>()
      const handle = handler(over.promise)
      await using consumer = consumeText(place, { tuning, handle })
      await expect.poll(() => place.members()).toHaveLength(1)
      const member = await place.members()

      await delay(8_000) // an outage has a length
      expect(consumer.applied).toEqual([])
      expect(await place.members()).toEqual(member)
      over.resolve()
      await expect.poll(() => consumer.applied.toSorted()).toEqual(['1', '2', '3'])
      await expect.poll(() => place.committed()).toEqual({ 0: 2, 1: 1 })
      expect(await place.members()).toEqual(member)
      expect(await consumer.metric('kafka_consumer_rebalances_total')).toBe(1)
      expect(await place.recordsOf(errorTopic(place.group))).toEqual([])
    })
  }
})

test('a partition whose records fail does not hold up the others', async ({ expect }) => {
  await using place = await playground(inject('kafkaBrokers'), { partitions: 2 })
  await place.produce(texts('stuck'), 0)
  const handle: Handle<string> = async (messages) => {
    if (messages.some(({ value }) => value === 'stuck')) throw new Error('not yet')
  }
  await using consumer = consumeText(place, { handle })
  const retries = () => consumer.metric('kafka_consumer_transient_retries_total')
  await expect.poll(retries).toBeGreaterThan(1)
  await place.produce(texts('free'), 1)
  await expect.poll(() => consumer.applied).toEqual(['free'])
})

// Trap 2: kafkajs takes these three for bugs of its own and stops for good.
for (const Bug of [TypeError, RangeError, SyntaxError]) {
  test(`a ${Bug.name} out of a handler does not end the consumer`, async ({ expect }) => {
    await using place = await playground(inject('kafkaBrokers'))
    await place.produce(texts('1'))
    let left = 2
    await using consumer = consumeText(place, {
      async handle() {
        if (left-- > 0) throw new Bug('a bug')
      },
    })
    await expect.poll(() => consumer.applied).toEqual(['1'])
    await place.produce(texts('2'))
    await expect.poll(() => consumer.applied).toEqual(['1', '2'])
    expect(await consumer.metric('kafka_consumer_restarts_total')).toBeUndefined()
  })
}
