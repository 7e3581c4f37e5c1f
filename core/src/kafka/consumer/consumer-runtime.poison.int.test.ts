import { randomBytes } from 'node:crypto'
import { expect, inject, test } from 'vitest'
import { errorHeaders, errorTopic, retryTopic } from '@lockstep/contracts/topics.ts'
import type { Decode } from './batch.ts'
import { headerValues } from '../client/record.ts'
import { kafkaFixture, texts, textHeaders } from '@lockstep/testkit/kafka/kafka-fixture.ts'
import { consumeText } from '@lockstep/testkit/kafka/text-consumer.ts'

const decode: Decode<string> = ({ value }) => {
  const text = value?.toString('latin1') ?? ''
  if (text.includes('invariant')) return { ok: false, errorClass: 'invariant', message: 'breaks it' }
  if (text.startsWith('ok')) return { ok: true, value: text }
  if (text.startsWith('odd')) return { ok: false, errorClass: 'unknown_type', message: 'no such type' }
  throw new RangeError('index out of range: 3 + 10 > 7')
}

test('bad records of every kind go to the error topic unchanged, and the records behind them take effect', async () => {
  const largest = 1_048_576
  await using fixture = await kafkaFixture(inject('kafkaBrokers'), {
    config: { 'max.message.bytes': `${largest}` },
  })
  const random = { key: randomBytes(16), value: randomBytes(200), headers: hostileHeaders() }
  const unknown = { key: 'k', value: Buffer.from('odd'), headers: { ce_type: 'x.y.Z' } }
  const broken = { key: null, value: Buffer.from('ok: breaks an invariant'), headers: {} }
  const huge = { key: 'huge', value: Buffer.alloc(largest - 90, 0xff), headers: {} }
  const empty = { key: 'empty', value: null, headers: { n: null } }
  for (const bad of [random, unknown, broken, huge, empty]) await fixture.produce([bad])
  await fixture.produce(texts('ok 1', 'ok 2'))

  await using consumer = consumeText(fixture, { decode })
  await expect.poll(() => consumer.applied).toEqual(['ok 1', 'ok 2'])
  await expect.poll(() => fixture.committed()).toEqual({ 0: 7 })

  const errors = await fixture.recordsOf(errorTopic(fixture.group))
  expect(errors.map(({ value }) => value?.length)).toEqual([200, 3, 23, largest - 90, undefined])
  for (const [index, sent] of [random, unknown, broken, huge, empty].entries()) {
    const error = errors[index]
    expect(error?.key).toEqual(sent.key === null ? null : Buffer.from(sent.key))
    expect(error?.value?.equals(sent.value ?? Buffer.alloc(0)) ?? null).toBe(sent.value && true)
    const original = Object.entries(error?.headers ?? {}).filter(([name]) => !name.startsWith('x-'))
    const expected = Object.entries(sent.headers).map(([name, value]) => [name, asBytes(value)])
    expect(original).toEqual(expected)
    const { topic, partition, offset, errorClass, attempts, consumerGroup } = errorHeaders
    const classes = ['undecodable', 'unknown_type', 'invariant', 'undecodable', 'undecodable']
    expect(textHeaders(error, topic, partition, offset, errorClass, attempts, consumerGroup)).toEqual([
      fixture.topic,
      '0',
      String(index),
      classes[index],
      '1',
      fixture.group,
    ])
    expect(Number(textHeaders(error, errorHeaders.timestamp)[0])).toBeGreaterThan(Date.now() - 60_000)
  }
  expect(await consumer.metric('kafka_consumer_permanent_failures_total', { class: 'undecodable' })).toBe(3)
})

/** Names of inherited properties, a repeated name, bytes that are not UTF-8, empty and null values. */
function hostileHeaders() {
  return {
    ce_id: '1',
    twice: [Buffer.from('a'), null, Buffer.from([0xff, 0xfe])],
    constructor: Buffer.from('c'),
    empty: Buffer.alloc(0),
    nothing: null,
    ['__proto__']: Buffer.from('p'),
  }
}

function asBytes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asBytes)
  return typeof value === 'string' ? Buffer.from(value) : value
}

test('a record that fails again after a redrive keeps its original position and its first failure', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'))
  await fixture.produce(texts('bad one'))
  await using consumer = consumeText(fixture)
  const errors = () => fixture.recordsOf(errorTopic(fixture.group))
  await expect.poll(async () => (await errors()).length).toBe(1)

  const [first] = await errors()
  await fixture.produce([{ ...first, headers: first?.headers ?? {} }], 0, retryTopic(fixture.group))
  await expect.poll(async () => (await errors()).length).toBe(2)

  const [, second] = await errors()
  const { topic, partition, offset, timestamp, firstFailedAt, attempts } = errorHeaders
  const identity = [topic, partition, offset, timestamp, firstFailedAt]
  expect(textHeaders(second, ...identity)).toEqual(textHeaders(first, ...identity))
  expect(textHeaders(second, attempts)).toEqual(['2'])
  expect(headerValues(second?.headers ?? {}, topic)).toHaveLength(1)
  expect(consumer.applied).toEqual([])
})

test('a redriven record is handled like a record of the source topic', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'))
  await fixture.produce(texts('repaired'), 0, retryTopic(fixture.group))
  await using consumer = consumeText(fixture)
  await expect.poll(() => consumer.applied).toEqual(['repaired'])
})

test('a flood of bad records pauses its own partition, with an error in the log, and the other partitions continue', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'), { partitions: 2 })
  await fixture.produce(texts(...Array.from({ length: 12 }, (_, i) => `bad ${i}`), 'behind the flood'))
  await using consumer = consumeText(fixture, { tuning: { permanentFailuresPerMinute: 5 } })
  const paused = () => consumer.metric('kafka_consumer_paused_partitions', { reason: 'flood' })
  await expect.poll(paused).toBe(1)

  await fixture.produce(texts('elsewhere'), 1)
  await expect.poll(() => consumer.applied).toEqual(['elsewhere'])
  await expect.poll(() => fixture.committed()).toEqual({ 0: 5, 1: 1 })
  expect(await fixture.recordsOf(errorTopic(fixture.group))).toHaveLength(5)
  expect(consumer.log.lines.filter(({ level }) => level === 'error')).toMatchObject([
    { fields: { topic: fixture.topic, partition: 0 } },
  ])
})

test('while the error topic cannot be written, no offset past a bad record is committed', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'))
  await fixture.admin.alterConfigs({
    validateOnly: false,
    resources: [
      {
        type: 2,
        name: errorTopic(fixture.group),
        configEntries: [{ name: 'max.message.bytes', value: '1' }],
      },
    ],
  })
  await fixture.produce(texts('good', 'bad', 'behind'))
  await using consumer = consumeText(fixture)
  const retries = () => consumer.metric('kafka_consumer_transient_retries_total', { topic: fixture.topic })
  await expect.poll(retries).toBeGreaterThan(2)
  expect(await fixture.committed()).toEqual({ 0: -1 })

  await fixture.admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: 2, name: errorTopic(fixture.group), configEntries: [] }],
  })
  await expect.poll(() => fixture.committed()).toEqual({ 0: 3 })
  expect(await fixture.recordsOf(errorTopic(fixture.group))).toHaveLength(1)
  expect(new Set(consumer.applied)).toEqual(new Set(['good', 'behind']))
})
