import { randomBytes } from 'node:crypto'
import { errorStateTopic, errorTopic, retryTopic } from '@lockstep/contracts/topics.ts'
import { kafkaFixture, texts, type KafkaFixture } from '@lockstep/testkit/kafka/kafka-fixture.ts'
import { consumeText } from '@lockstep/testkit/kafka/text-consumer.ts'
import { recordingLog } from '@lockstep/testkit/recording-log.ts'
import { expect, inject, test } from 'vitest'
import { connectProducer } from '../producer/producer.ts'
import { positionText } from './dead-letter.ts'
import { getDeadLetter, listDeadLetters, type DeadLetterFilter } from './read-dead-letters.ts'
import { discardDeadLetters, redriveDeadLetters } from './resolve-dead-letters.ts'

/** A group whose consumer rejects texts that begin with `bad`, except the repaired ones. */
async function setup(options: { maxDeadLetters?: number } = {}) {
  await using scope = new AsyncDisposableStack()
  const fixture = scope.use(await kafkaFixture(inject('kafkaBrokers')))
  const repaired = new Set<string>()
  const consumer = scope.use(
    consumeText(fixture, {
      decode: ({ value }) => {
        const text = value?.toString('latin1') ?? ''
        if (!text.startsWith('bad') || repaired.has(text)) return { ok: true, value: text }
        return {
          ok: false,
          errorClass: text.includes('type') ? 'unknown_type' : 'undecodable',
          message: text,
        }
      },
    }),
  )
  const log = recordingLog()
  const producer = scope.use(connectProducer(fixture.kafka, log))
  const before = { send: async () => {} }
  const store = {
    kafka: fixture.kafka,
    log,
    producer: {
      ...producer,
      async send(records: Parameters<typeof producer.send>[0]) {
        await before.send()
        await producer.send(records)
      },
    },
    ...options,
  }
  const kept = scope.move()
  const defaults = { by: 'ann', reason: 'repaired', dryRun: false, perSecond: 10_000 }
  return {
    fixture,
    repaired,
    consumer,
    store,
    before,
    deadLetterRecords: async () => (await fixture.recordsOf(errorTopic(fixture.group))).length,
    async listed(state: 'open' | 'resolved', filter: DeadLetterFilter = {}) {
      const found = await listDeadLetters(store, fixture.group, filter, state)
      return found.map(({ position, attempts }) => `${positionText(position).split('/').at(-1)} ${attempts}x`)
    },
    async redrive(filter: DeadLetterFilter, changes: Partial<typeof defaults> = {}) {
      const done: string[] = []
      const resolving = { ...defaults, ...changes }
      await redriveDeadLetters(
        store,
        fixture.group,
        filter,
        resolving,
        async ({ position }, count, total) => {
          done.push(`${position.offset}: ${count} of ${total}`)
        },
      )
      return done
    },
    async discard(filter: DeadLetterFilter, changes: Partial<typeof defaults> = {}) {
      await discardDeadLetters(store, fixture.group, filter, { ...defaults, ...changes }, async () => {})
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

const sent = (fixture: KafkaFixture, ...values: string[]) => fixture.produce(texts(...values))

test('a redriven record reaches its handler with its own key, bytes and headers, and its dead letter is resolved', async () => {
  await using group = await setup()
  const { fixture, consumer } = group
  const bad = { key: randomBytes(9), value: Buffer.concat([Buffer.from('bad'), randomBytes(50)]) }
  await fixture.produce([{ ...bad, headers: { raw: Buffer.from([0xff, 0]), two: ['1', '2'] } }])
  await sent(fixture, 'good')
  await expect.poll(group.deadLetterRecords).toBe(1)
  expect(await group.listed('open')).toEqual(['0 1x'])

  group.repaired.add(bad.value.toString('latin1'))
  expect(await group.redrive({})).toEqual(['0: 1 of 1'])
  await expect.poll(() => consumer.applied).toEqual(['good', bad.value.toString('latin1')])
  const [retried] = await fixture.recordsOf(retryTopic(fixture.group))
  expect(retried).toMatchObject(bad)
  expect(retried?.headers).toMatchObject({
    raw: Buffer.from([0xff, 0]),
    two: [Buffer.from('1'), Buffer.from('2')],
  })
  expect(await group.listed('open')).toEqual([])
  expect(await group.listed('resolved')).toEqual(['0 1x'])
})

test('a record that fails again after its redrive is open again, at the same position, with more attempts', async () => {
  await using group = await setup()
  await sent(group.fixture, 'good', 'bad')
  await expect.poll(group.deadLetterRecords).toBe(1)
  await group.redrive({})
  await expect.poll(group.deadLetterRecords).toBe(2)
  expect(await group.listed('open')).toEqual(['1 2x'])
  await group.redrive({})
  await expect.poll(group.deadLetterRecords).toBe(3)
  expect(await group.listed('open')).toEqual(['1 3x'])
  await group.discard({})
  expect(await group.listed('open')).toEqual([])
})

test('records on the error topic that a crash or a second redrive repeats are one dead letter', async () => {
  await using group = await setup()
  const { fixture } = group
  await sent(fixture, 'bad 1', 'bad 2')
  await expect.poll(group.deadLetterRecords).toBe(2)
  const again = await fixture.recordsOf(errorTopic(fixture.group))
  await fixture.produce(again, 0, errorTopic(fixture.group))
  expect(await group.listed('open')).toEqual(['0 1x', '1 1x'])

  // Both redrives find both records open, so each sends both, and every record fails once more.
  const bothHaveListed = Promise.withResolvers<void>()
  let sending = 0
  group.before.send = async () => {
    if (++sending === 2) bothHaveListed.resolve()
    await bothHaveListed.promise
  }
  await Promise.all([group.redrive({}), group.redrive({})])
  await expect.poll(group.deadLetterRecords).toBe(8)
  expect(await group.listed('open')).toEqual(['0 2x', '1 2x'])
  await group.discard({})
  expect(await group.listed('open')).toEqual([])
})

test('a resolution says who did what, why, when, and up to which attempt', async () => {
  await using group = await setup()
  const { fixture, store } = group
  await sent(fixture, 'bad')
  await expect.poll(group.deadLetterRecords).toBe(1)
  await group.discard({}, { by: 'ben', reason: 'a test of ours' })
  const source = { topic: fixture.topic, partition: 0, offset: '0' }
  const found = await getDeadLetter(store, fixture.group, source)
  expect(found.resolution).toMatchObject({
    outcome: 'discarded',
    attempts: 1,
    by: 'ben',
    reason: 'a test of ours',
  })
  expect(found.record.value?.toString()).toBe('bad')
  const [state] = await fixture.recordsOf(errorStateTopic(fixture.group))
  expect(JSON.parse(String(state?.key))).toEqual([fixture.group, fixture.topic, 0, '0'])
  await expect(getDeadLetter(store, fixture.group, { ...source, offset: '1' })).rejects.toMatchObject({
    code: 'not_found',
  })
})

test('dead letters are selected by position, key, class and time', async () => {
  await using group = await setup()
  const { fixture } = group
  const recordOf = (key: string, value: string) => ({ key, value: Buffer.from(value) })
  await fixture.produce([recordOf('a', 'bad 1'), recordOf('b', 'bad type'), recordOf('a', 'bad type too')])
  await expect.poll(group.deadLetterRecords).toBe(3)
  const [first] = await listDeadLetters(group.store, fixture.group, {}, 'open')
  const { failedAt } = first!
  const later = new Date(failedAt.getTime() + 60_000)

  expect(await group.listed('open', { key: 'a' })).toEqual(['0 1x', '2 1x'])
  expect(await group.listed('open', { errorClass: 'unknown_type' })).toEqual(['1 1x', '2 1x'])
  expect(await group.listed('open', { key: 'a', errorClass: 'unknown_type' })).toEqual(['2 1x'])
  expect(
    await group.listed('open', { position: { topic: fixture.topic, partition: 0, offset: '1' } }),
  ).toEqual(['1 1x'])
  expect(await group.listed('open', { since: failedAt, until: later })).toHaveLength(3)
  expect(await group.listed('open', { since: later })).toEqual([])
  expect(await group.listed('open', { since: new Date(-1) })).toHaveLength(3)
  expect(await group.listed('open', { until: failedAt })).toEqual([])

  expect(await group.redrive({ key: 'b' }, { dryRun: true })).toEqual(['1: 1 of 1'])
  expect(await fixture.recordsOf(retryTopic(fixture.group))).toEqual([])
  await group.discard({ key: 'a' })
  expect(await group.listed('open')).toEqual(['1 1x'])
})

test('a redrive respects its rate limit', async () => {
  await using group = await setup()
  await sent(group.fixture, ...Array.from({ length: 9 }, (_, n) => `bad ${n}`))
  await expect.poll(group.deadLetterRecords).toBe(9)
  const begun = performance.now()
  await group.redrive({}, { perSecond: 4 })
  // Four at once, four after a second, one after another.
  expect(performance.now() - begun).toBeGreaterThan(2_000)
})

test('a call that would keep too many dead letters in memory is rejected; a time or a key narrows it', async () => {
  await using group = await setup({ maxDeadLetters: 2 })
  const { fixture } = group
  const recordOf = (key: string, value: string) => ({ key, value: Buffer.from(value) })
  await fixture.produce([recordOf('a', 'bad 1')])
  await expect.poll(group.deadLetterRecords).toBe(1)
  const [first] = await listDeadLetters(group.store, fixture.group, {}, 'open')
  const later = new Date(first!.failedAt.getTime() + 1)
  await expect.poll(() => Date.now()).toBeGreaterThan(later.getTime())
  await fixture.produce([recordOf('b', 'bad 2'), recordOf('b', 'bad 3')])
  await expect.poll(group.deadLetterRecords).toBe(3)

  await expect(group.listed('open')).rejects.toMatchObject({ code: 'overloaded' })
  expect(await group.listed('open', { key: 'a' })).toEqual(['0 1x'])
  expect(await group.listed('open', { key: 'b' })).toEqual(['1 1x', '2 1x'])
  expect(await group.listed('open', { until: later })).toEqual(['0 1x'])
})

test('a redrive ends after the records in progress when its caller disconnects', async () => {
  await using group = await setup()
  const { fixture, store } = group
  await sent(fixture, 'bad 1', 'bad 2', 'bad 3')
  await expect.poll(group.deadLetterRecords).toBe(3)
  const options = { by: 'ann', reason: '', dryRun: false, perSecond: 1 }
  const redrive = redriveDeadLetters(store, fixture.group, {}, options, () =>
    Promise.reject(new Error('disconnected')),
  )
  await expect(redrive).rejects.toThrow(/^disconnected$/)
  expect(await fixture.recordsOf(retryTopic(fixture.group))).toHaveLength(1)
})
