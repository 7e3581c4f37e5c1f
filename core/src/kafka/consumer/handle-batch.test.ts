import { decodeText } from '@lockstep/testkit/kafka/text-consumer.ts'
import { recordingLog } from '@lockstep/testkit/recording-log.ts'
import { Registry } from 'prom-client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { OutgoingRecord, ReceivedRecord } from '../client/record.ts'
import type { Handle } from './batch.ts'
import { consumerMetrics } from './consumer-metrics.ts'
import { defaultTuning } from './consumer-options.ts'
import { batchHandling } from './handle-batch.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const from = { topic: 't', partition: 0 }

const records = (...texts: string[]): ReceivedRecord[] =>
  texts.map((text, i) => ({
    ...from,
    offset: String(i),
    timestamp: '0',
    key: null,
    value: Buffer.from(text),
    headers: {},
  }))

function setup(permanentFailuresPerMinute: number, handle: Handle<string> = async () => {}) {
  const sent: OutgoingRecord[] = []
  const log = recordingLog()
  const handleBatch = batchHandling({
    group: 'g',
    decode: decodeText,
    handle,
    log,
    tuning: { ...defaultTuning, permanentFailuresPerMinute },
    metrics: consumerMetrics(new Registry()),
    producer: {
      send: async (batch: readonly OutgoingRecord[]) => void sent.push(...batch),
      [Symbol.asyncDispose]: async () => {},
    },
  })
  return { handleBatch, sent, log }
}

test('a flooded partition continues when the minute allows more dead letters', async () => {
  const { handleBatch, sent, log } = setup(2)
  const batch = records('bad 0', 'bad 1', 'bad 2', 'bad 3')
  expect(await handleBatch(from, batch)).toEqual({ finished: 2, pause: { reason: 'flood', ms: 60_000 } })
  expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1)
  vi.advanceTimersByTime(60_000)
  expect(await handleBatch(from, batch.slice(2))).toEqual({ finished: 2 })
  expect(sent).toHaveLength(4)
})

test('a flooded partition does not use up the budget of the others', async () => {
  const { handleBatch } = setup(1)
  await handleBatch(from, records('bad', 'bad'))
  expect(await handleBatch({ topic: 't', partition: 1 }, records('bad'))).toEqual({ finished: 1 })
  expect(await handleBatch({ topic: 'other', partition: 0 }, records('bad'))).toEqual({ finished: 1 })
})

test('a batch whose handling fails produces no dead letter and spends no budget', async () => {
  let available = false
  const { handleBatch, sent } = setup(1, async () => {
    if (!available) throw new Error('unavailable')
  })
  const batch = records('bad', 'good')
  for (let attempt = 1; attempt <= 3; attempt++) {
    expect(await handleBatch(from, batch)).toMatchObject({ finished: 0, pause: { reason: 'retry' } })
  }
  expect(sent).toEqual([])
  available = true
  expect(await handleBatch(from, batch)).toEqual({ finished: 2 })
  expect(sent).toHaveLength(1)
})
