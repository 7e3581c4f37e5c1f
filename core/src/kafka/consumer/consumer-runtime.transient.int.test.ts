import { setTimeout as sleep } from 'node:timers/promises'
import { describe, inject, test } from 'vitest'
import { errorTopic } from '@lockstep/contracts/topics.ts'
import type { Handle } from './batch.ts'
import { kafkaFixture, texts } from '@lockstep/testkit/kafka/kafka-fixture.ts'
import { consumeText } from '@lockstep/testkit/kafka/text-consumer.ts'

/** The shortest session that a broker allows by default. */
const tuning = { sessionTimeoutMs: 6_000, heartbeatIntervalMs: 2_000, maxBackoffMs: 1_000 }

describe.concurrent('a dependency that is unavailable for longer than a session', () => {
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
    test(`${how} loses neither a record nor the membership`, async ({ expect }) => {
      await using fixture = await kafkaFixture(inject('kafkaBrokers'), { partitions: 2 })
      await fixture.produce(texts('1', '2'), 0)
      await fixture.produce(texts('3'), 1)
      const over = Promise.withResolvers<void>()
      const handle = handler(over.promise)
      await using consumer = consumeText(fixture, { tuning, handle })
      await expect.poll(() => fixture.members()).toHaveLength(1)
      const member = await fixture.members()

      await sleep(8_000) // longer than the session timeout
      expect(consumer.applied).toEqual([])
      expect(await fixture.members()).toEqual(member)
      over.resolve()
      await expect.poll(() => consumer.applied.toSorted()).toEqual(['1', '2', '3'])
      await expect.poll(() => fixture.committed()).toEqual({ 0: 2, 1: 1 })
      expect(await fixture.members()).toEqual(member)
      expect(await consumer.metric('kafka_consumer_rebalances_total')).toBe(1)
      expect(await fixture.recordsOf(errorTopic(fixture.group))).toEqual([])
    })
  }
})

test('a partition whose records fail does not delay the others', async ({ expect }) => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'), { partitions: 2 })
  await fixture.produce(texts('stuck'), 0)
  const handle: Handle<string> = async (messages) => {
    if (messages.some(({ value }) => value === 'stuck')) throw new Error('not yet')
  }
  await using consumer = consumeText(fixture, { handle })
  const retries = () => consumer.metric('kafka_consumer_transient_retries_total')
  await expect.poll(retries).toBeGreaterThan(1)
  await fixture.produce(texts('free'), 1)
  await expect.poll(() => consumer.applied).toEqual(['free'])
})

// Trap 2: kafkajs treats these three as its own bugs and stops permanently.
for (const Bug of [TypeError, RangeError, SyntaxError]) {
  test(`a ${Bug.name} in a handler does not end the consumer`, async ({ expect }) => {
    await using fixture = await kafkaFixture(inject('kafkaBrokers'))
    await fixture.produce(texts('1'))
    let left = 2
    await using consumer = consumeText(fixture, {
      async handle() {
        if (left-- > 0) throw new Bug('a bug')
      },
    })
    await expect.poll(() => consumer.applied).toEqual(['1'])
    await fixture.produce(texts('2'))
    await expect.poll(() => consumer.applied).toEqual(['1', '2'])
    expect(await consumer.metric('kafka_consumer_restarts_total')).toBeUndefined()
  })
}
