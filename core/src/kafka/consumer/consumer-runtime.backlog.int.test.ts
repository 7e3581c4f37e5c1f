import { setTimeout as sleep } from 'node:timers/promises'
import { expect, inject, test } from 'vitest'
import { kafkaFixture, texts, type KafkaFixture } from '@lockstep/testkit/kafka/kafka-fixture.ts'
import { consumeText } from '@lockstep/testkit/kafka/text-consumer.ts'

const BATCHES = 30
/** Each batch that is produced has about 90 bytes, so a fetch returns one of each partition. */
const tuning = { maxBytesPerPartition: 100, maxBackoffMs: 20 }

async function produceBatches(fixture: KafkaFixture, partition: number): Promise<void> {
  for (let batch = 0; batch < BATCHES; batch++) {
    await fixture.produce(texts(`${partition}.${2 * batch}`, `${partition}.${2 * batch + 1}`), partition)
  }
}

const numberOf = (text: string) => Number(text.split('.')[1])

test('while a batch is handled, the next ones are fetched, and those of other partitions are handled', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'), { partitions: 2 })
  await produceBatches(fixture, 0)
  await produceBatches(fixture, 1)
  const finish = Promise.withResolvers<void>()
  let inFlight = 0
  let most = 0
  await using consumer = consumeText(fixture, {
    tuning,
    async handle(_, { partition }) {
      if (partition !== 0) return
      most = Math.max(most, ++inFlight)
      await finish.promise
      inFlight--
    },
  })
  await expect.poll(() => consumer.applied).toEqual(['1.0', '1.1', '1.2', '1.3'])
  expect(await fixture.committed()).toMatchObject({ 0: -1 })
  finish.resolve()
  await expect.poll(() => fixture.committed()).toEqual({ 0: 2 * BATCHES, 1: 2 * BATCHES })
  expect(most).toBe(1)
})

test('batches that fail are redelivered before later ones, and no offset above them is committed', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'), { partitions: 2 })
  await produceBatches(fixture, 0)
  await produceBatches(fixture, 1)
  const finished = [0, 0]
  const skipped: string[] = []
  await using consumer = consumeText(fixture, {
    tuning,
    async handle(messages, { partition, attempt }) {
      const first = numberOf(messages[0]!.value)
      if (first > finished[partition]!) skipped.push(`${partition}.${first} after ${finished[partition]}`)
      // Meanwhile the next batch arrives.
      await sleep(20)
      if ((first / 2) % 3 === partition && attempt < 3) throw new Error('not now')
      finished[partition] = numberOf(messages.at(-1)!.value) + 1
    },
  })
  await expect.poll(() => fixture.committed()).toEqual({ 0: 2 * BATCHES, 1: 2 * BATCHES })
  expect(skipped).toEqual([])
  const each = Array.from({ length: 2 * BATCHES }, (_, number) => number)
  for (const partition of [0, 1]) {
    const applied = consumer.applied.filter((text) => text.startsWith(`${partition}.`)).map(numberOf)
    expect(applied).toEqual(each)
  }
})

test('a stop finishes and commits the batch that is handled, and begins none that was fetched meanwhile', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'))
  await produceBatches(fixture, 0)
  const begun = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  const consumer = consumeText(fixture, {
    tuning,
    async handle() {
      begun.resolve()
      await finish.promise
    },
  })
  await begun.promise
  const stopped = consumer[Symbol.asyncDispose]()
  setTimeout(finish.resolve, 100)
  await stopped
  expect(consumer.applied).toEqual(['0.0', '0.1'])
  expect(await fixture.committed()).toEqual({ 0: 2 })
  expect(await fixture.members()).toEqual([])
})
