import { Registry } from 'prom-client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { consumerMetrics } from './consumer-metrics.ts'
import { defaultTuning } from './consumer-options.ts'
import { partitionWork } from './partition-work.ts'
import type { OutgoingRecord, ReceivedRecord } from '../client/record.ts'
import { decodeText, rememberingLog } from '../testing/harness.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const records = (...texts: string[]): ReceivedRecord[] =>
  texts.map((text, i) => ({
    topic: 't',
    partition: 0,
    offset: String(i),
    timestamp: '0',
    key: null,
    value: Buffer.from(text),
    headers: {},
  }))

function set(permanentFailuresPerMinute: number) {
  const sent: OutgoingRecord[] = []
  const errors = {
    send: async (batch: readonly OutgoingRecord[]) => void sent.push(...batch),
    [Symbol.asyncDispose]: async () => {},
  }
  const log = rememberingLog()
  const options = { group: 'g', decode: decodeText, handle: async () => {}, log }
  const tuning = { ...defaultTuning, permanentFailuresPerMinute }
  const work = partitionWork(options, tuning, consumerMetrics(new Registry()), errors)
  return { work, sent, log }
}

test('a flooded partition goes on when the minute allows more', async () => {
  const { work, sent, log } = set(2)
  const batch = records('bad 0', 'bad 1', 'bad 2', 'bad 3')
  expect(await work('t', 0, batch)).toEqual({ finished: 2, pause: { reason: 'flood', ms: 60_000 } })
  expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1)
  vi.advanceTimersByTime(60_000)
  expect(await work('t', 0, batch.slice(2))).toEqual({ finished: 2 })
  expect(sent).toHaveLength(4)
})

test('a flooded partition leaves the budget of the others alone', async () => {
  const { work } = set(1)
  await work('t', 0, records('bad', 'bad'))
  expect(await work('t', 1, records('bad'))).toEqual({ finished: 1 })
  expect(await work('other', 0, records('bad'))).toEqual({ finished: 1 })
})
