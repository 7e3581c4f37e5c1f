import { randomBytes } from 'node:crypto'
import { errorStateTopic, errorTopic, retryTopic } from '@lockstep/contracts/topics.ts'
import { expect, inject, test } from 'vitest'
import { placeText } from './error-entry.ts'
import type { ErrorFilter } from './error-reader.ts'
import { errorTopics } from './error-topics.ts'
import { connectProducer } from '../producer/producer.ts'
import { consumeText, playground, rememberingLog, texts, type Playground } from '../testing/harness.ts'

/** A group whose consumer refuses what begins with `bad`, until it is told otherwise. */
async function errorDesk(options: { maxEntries?: number } = {}) {
  await using scope = new AsyncDisposableStack()
  const place = scope.use(await playground(inject('kafkaBrokers')))
  const healed = new Set<string>()
  const consumer = scope.use(
    consumeText(place, {
      decode: ({ value }) => {
        const text = value?.toString('latin1') ?? ''
        if (!text.startsWith('bad') || healed.has(text)) return { ok: true, value: text }
        return {
          ok: false,
          errorClass: text.includes('type') ? 'unknown_type' : 'undecodable',
          message: text,
        }
      },
    }),
  )
  const log = rememberingLog()
  const producer = scope.use(connectProducer(place.kafka, log))
  const before = { send: async () => {} }
  const errors = errorTopics({
    kafka: place.kafka,
    log,
    producer: {
      ...producer,
      async send(records) {
        await before.send()
        await producer.send(records)
      },
    },
    ...options,
  })
  const kept = scope.move()
  const how = { by: 'ann', reason: 'mended', dryRun: false, perSecond: 10_000 }
  return {
    place,
    healed,
    consumer,
    errors,
    before,
    givenUp: async () => (await place.recordsOf(errorTopic(place.group))).length,
    async listed(which: 'open' | 'settled', filter: ErrorFilter = {}) {
      const found = await errors.list(place.group, filter, which)
      return found.map(({ entry }) => `${placeText(entry.place).split('/').at(-1)} ${entry.attempts}x`)
    },
    async redrive(filter: ErrorFilter, more: Partial<typeof how> = {}) {
      const done: string[] = []
      await errors.redrive(place.group, filter, { ...how, ...more }, async ({ entry }, count, total) => {
        done.push(`${entry.place.offset}: ${count} of ${total}`)
      })
      return done
    },
    async discard(filter: ErrorFilter, more: Partial<typeof how> = {}) {
      await errors.discard(place.group, filter, { ...how, ...more }, async () => {})
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

const sent = (place: Playground, ...values: string[]) => place.produce(texts(...values))

test('a redriven record comes to its handler with its own key, bytes and headers, and is listed no more', async () => {
  await using desk = await errorDesk()
  const { place, consumer } = desk
  const bad = { key: randomBytes(9), value: Buffer.concat([Buffer.from('bad'), randomBytes(50)]) }
  await place.produce([{ ...bad, headers: { raw: Buffer.from([0xff, 0]), two: ['1', '2'] } }])
  await sent(place, 'good')
  await expect.poll(desk.givenUp).toBe(1)
  expect(await desk.listed('open')).toEqual(['0 1x'])

  desk.healed.add(bad.value.toString('latin1'))
  expect(await desk.redrive({})).toEqual(['0: 1 of 1'])
  await expect.poll(() => consumer.applied).toEqual(['good', bad.value.toString('latin1')])
  const [retried] = await place.recordsOf(retryTopic(place.group))
  expect(retried).toMatchObject(bad)
  expect(retried?.headers).toMatchObject({
    raw: Buffer.from([0xff, 0]),
    two: [Buffer.from('1'), Buffer.from('2')],
  })
  expect(await desk.listed('open')).toEqual([])
  expect(await desk.listed('settled')).toEqual(['0 1x'])
})

test('a record that fails again after its redrive is listed again, under the same place, with more attempts', async () => {
  await using desk = await errorDesk()
  await sent(desk.place, 'good', 'bad')
  await expect.poll(desk.givenUp).toBe(1)
  await desk.redrive({})
  await expect.poll(desk.givenUp).toBe(2)
  expect(await desk.listed('open')).toEqual(['1 2x'])
  await desk.redrive({})
  await expect.poll(desk.givenUp).toBe(3)
  expect(await desk.listed('open')).toEqual(['1 3x'])
  await desk.discard({})
  expect(await desk.listed('open')).toEqual([])
})

test('error records that a crash or a second redrive repeats are one entry', async () => {
  await using desk = await errorDesk()
  const { place } = desk
  await sent(place, 'bad 1', 'bad 2')
  await expect.poll(desk.givenUp).toBe(2)
  const again = await place.recordsOf(errorTopic(place.group))
  await place.produce(again, 0, errorTopic(place.group))
  expect(await desk.listed('open')).toEqual(['0 1x', '1 1x'])

  // Both see both records open: each of them sends both, and every one fails once more.
  const bothHaveLooked = Promise.withResolvers<void>()
  let sending = 0
  desk.before.send = async () => {
    if (++sending === 2) bothHaveLooked.resolve()
    await bothHaveLooked.promise
  }
  await Promise.all([desk.redrive({}), desk.redrive({})])
  await expect.poll(desk.givenUp).toBe(8)
  expect(await desk.listed('open')).toEqual(['0 2x', '1 2x'])
  await desk.discard({})
  expect(await desk.listed('open')).toEqual([])
})

test('what became of a record is kept: who, why, when, up to which attempt', async () => {
  await using desk = await errorDesk()
  const { place, errors } = desk
  await sent(place, 'bad')
  await expect.poll(desk.givenUp).toBe(1)
  await desk.discard({}, { by: 'ben', reason: 'a test of ours' })
  const source = { topic: place.topic, partition: 0, offset: '0' }
  const found = await errors.find(place.group, source)
  expect(found.settlement).toMatchObject({
    outcome: 'discarded',
    attempts: 1,
    by: 'ben',
    reason: 'a test of ours',
  })
  expect(found.record.value?.toString()).toBe('bad')
  const [state] = await place.recordsOf(errorStateTopic(place.group))
  expect(JSON.parse(String(state?.key))).toEqual([place.group, place.topic, 0, '0'])
  await expect(errors.find(place.group, { ...source, offset: '1' })).rejects.toMatchObject({
    code: 'not_found',
  })
})

test('records are chosen by place, key, class and time', async () => {
  await using desk = await errorDesk()
  const { place } = desk
  const keyed = (key: string, value: string) => ({ key, value: Buffer.from(value) })
  await place.produce([keyed('a', 'bad 1'), keyed('b', 'bad type'), keyed('a', 'bad type too')])
  await expect.poll(desk.givenUp).toBe(3)
  const [first] = await desk.errors.list(place.group, {}, 'open')
  const { failedAt } = first!.entry
  const later = new Date(failedAt.getTime() + 60_000)

  expect(await desk.listed('open', { key: 'a' })).toEqual(['0 1x', '2 1x'])
  expect(await desk.listed('open', { errorClass: 'unknown_type' })).toEqual(['1 1x', '2 1x'])
  expect(await desk.listed('open', { key: 'a', errorClass: 'unknown_type' })).toEqual(['2 1x'])
  expect(await desk.listed('open', { place: { topic: place.topic, partition: 0, offset: '1' } })).toEqual([
    '1 1x',
  ])
  expect(await desk.listed('open', { since: failedAt, until: later })).toHaveLength(3)
  expect(await desk.listed('open', { since: later })).toEqual([])
  expect(await desk.listed('open', { since: new Date(-1) })).toHaveLength(3)
  expect(await desk.listed('open', { until: failedAt })).toEqual([])

  expect(await desk.redrive({ key: 'b' }, { dryRun: true })).toEqual(['1: 1 of 1'])
  expect(await place.recordsOf(retryTopic(place.group))).toEqual([])
  await desk.discard({ key: 'a' })
  expect(await desk.listed('open')).toEqual(['1 1x'])
})

test('a redrive goes no faster than it may', async () => {
  await using desk = await errorDesk()
  await sent(desk.place, ...Array.from({ length: 9 }, (_, n) => `bad ${n}`))
  await expect.poll(desk.givenUp).toBe(9)
  const begun = performance.now()
  await desk.redrive({}, { perSecond: 4 })
  // Four at once, four after a second, one after another.
  expect(performance.now() - begun).toBeGreaterThan(2_000)
})

test('more records than one call may hold in memory are refused; those of a time or a key are not among too many', async () => {
  await using desk = await errorDesk({ maxEntries: 2 })
  const { place } = desk
  const keyed = (key: string, value: string) => ({ key, value: Buffer.from(value) })
  await place.produce([keyed('a', 'bad 1')])
  await expect.poll(desk.givenUp).toBe(1)
  const [first] = await desk.errors.list(place.group, {}, 'open')
  const later = new Date(first!.entry.failedAt.getTime() + 1)
  await expect.poll(() => Date.now()).toBeGreaterThan(later.getTime())
  await place.produce([keyed('b', 'bad 2'), keyed('b', 'bad 3')])
  await expect.poll(desk.givenUp).toBe(3)

  await expect(desk.listed('open')).rejects.toMatchObject({ code: 'overloaded' })
  expect(await desk.listed('open', { key: 'a' })).toEqual(['0 1x'])
  expect(await desk.listed('open', { key: 'b' })).toEqual(['1 1x', '2 1x'])
  expect(await desk.listed('open', { until: later })).toEqual(['0 1x'])
})

test('a caller that goes away ends a redrive after the records in hand', async () => {
  await using desk = await errorDesk()
  const { place, errors } = desk
  await sent(place, 'bad 1', 'bad 2', 'bad 3')
  await expect.poll(desk.givenUp).toBe(3)
  const how = { by: 'ann', reason: '', dryRun: false, perSecond: 1 }
  const gone = errors.redrive(place.group, {}, how, () => Promise.reject(new Error('gone')))
  await expect(gone).rejects.toThrow(/^gone$/)
  expect(await place.recordsOf(retryTopic(place.group))).toHaveLength(1)
})
