import { expect, inject, test } from 'vitest'
import { consumeText, playground, texts } from '../testing/harness.ts'

/** Of `stopTimeoutMs`, 8 s: who does not heed the 500 ms of these tests takes that long. */
const wellBelowDefaultMs = 7_000

test('a stop finishes the batch in hand, commits it and leaves the group', async () => {
  await using place = await playground(inject('kafkaBrokers'))
  await place.produce(texts('1', '2'))
  const begun = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  const consumer = consumeText(place, {
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
  expect(await place.committed()).toEqual({ 0: 2 })
  expect(await place.members()).toEqual([])
})

test('a stop while a handler hangs ends within its deadline', async () => {
  await using place = await playground(inject('kafkaBrokers'))
  await place.produce(texts('1'))
  const begun = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  const consumer = consumeText(place, {
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
test('a stop while the group is joining ends within its deadline, and nothing comes to life afterwards', async () => {
  await using place = await playground(inject('kafkaBrokers'), { partitions: 2 })
  await place.produce(texts('1'), 0)
  const begun = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  await using busy = consumeText(place, {
    async handle() {
      begun.resolve()
      await finish.promise
    },
  })
  await begun.promise
  // The group waits with its answer to the second member until the first has finished its batch.
  const joining = consumeText(place, { tuning: { stopTimeoutMs: 500 } })
  await expect.poll(() => place.members()).toHaveLength(2)
  const from = Date.now()
  await joining[Symbol.asyncDispose]()
  expect(Date.now() - from).toBeLessThan(wellBelowDefaultMs)

  finish.resolve()
  await place.produce(texts('2'), 0)
  await place.produce(texts('3'), 1)
  await expect.poll(() => busy.applied.toSorted()).toEqual(['1', '2', '3'])
  expect(joining.applied).toEqual([])
})

test('a stop while the brokers are away ends within its deadline', async () => {
  const place = { kafka: { brokers: ['127.0.0.1:1'], clientId: 'test' }, group: 'g', topic: 't' }
  const consumer = consumeText(place, { tuning: { stopTimeoutMs: 500 } })
  const attempted = () => consumer.log.lines.some(({ level }) => level === 'warn')
  await expect.poll(attempted).toBe(true)
  const from = Date.now()
  await consumer[Symbol.asyncDispose]()
  expect(Date.now() - from).toBeLessThan(wellBelowDefaultMs)
})
