import { expect, inject, test } from 'vitest'
import { kafkaFixture, texts } from '@lockstep/testkit/kafka/kafka-fixture.ts'
import { consumeText } from '@lockstep/testkit/kafka/text-consumer.ts'

/** The default of `stopTimeoutMs` is 8 s, so a stop that ignores the 500 ms of these tests takes that long. */
const wellBelowDefaultMs = 7_000

test('a stop finishes the batch in progress, commits it and leaves the group', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'))
  await fixture.produce(texts('1', '2'))
  const begun = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  const consumer = consumeText(fixture, {
    async handle() {
      begun.resolve()
      await finish.promise
    },
  })
  await begun.promise
  const stopped = consumer[Symbol.asyncDispose]()
  finish.resolve()
  await stopped
  expect(consumer.applied).toEqual(['1', '2'])
  expect(await fixture.committed()).toEqual({ 0: 2 })
  expect(await fixture.members()).toEqual([])
})

test('a stop while a handler hangs ends within its deadline', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'))
  await fixture.produce(texts('1'))
  const begun = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  const consumer = consumeText(fixture, {
    tuning: { stopTimeoutMs: 500 },
    async handle() {
      begun.resolve()
      await finish.promise
    },
  })
  await begun.promise
  const from = Date.now()
  await consumer[Symbol.asyncDispose]()
  expect(Date.now() - from).toBeLessThan(wellBelowDefaultMs)
  finish.resolve()
})

// Trap 8.
test('a stop while the group is joining ends within its deadline, and the consumer does not revive afterwards', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'), { partitions: 2 })
  await fixture.produce(texts('1'), 0)
  const begun = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  await using busy = consumeText(fixture, {
    async handle() {
      begun.resolve()
      await finish.promise
    },
  })
  await begun.promise
  // The group responds to the second member only after the first has finished its batch.
  const joining = consumeText(fixture, { tuning: { stopTimeoutMs: 500 } })
  await expect.poll(() => fixture.members()).toHaveLength(2)
  const from = Date.now()
  await joining[Symbol.asyncDispose]()
  expect(Date.now() - from).toBeLessThan(wellBelowDefaultMs)

  finish.resolve()
  await fixture.produce(texts('2'), 0)
  await fixture.produce(texts('3'), 1)
  await expect.poll(() => busy.applied.toSorted()).toEqual(['1', '2', '3'])
  expect(joining.applied).toEqual([])
})

test('a stop while the brokers are unavailable ends within its deadline', async () => {
  const fixture = { kafka: { brokers: ['127.0.0.1:1'], clientId: 'test' }, group: 'g', topic: 't' }
  const consumer = consumeText(fixture, { tuning: { stopTimeoutMs: 500 } })
  const attempted = () => consumer.log.lines.some(({ level }) => level === 'warn')
  await expect.poll(attempted).toBe(true)
  const from = Date.now()
  await consumer[Symbol.asyncDispose]()
  expect(Date.now() - from).toBeLessThan(wellBelowDefaultMs)
})
