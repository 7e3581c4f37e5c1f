import { errorHeaders } from '@lockstep/contracts/topics.ts'
import { expect, test } from 'vitest'
import {
  errorEntry,
  laterAttempt,
  settlementOf,
  settlementRecord,
  settles,
  type Settlement,
} from './error-entry.ts'
import type { ReceivedRecord } from '../client/record.ts'

const group = 'readers'

function errorRecord(told: Partial<Record<keyof typeof errorHeaders, string>>, offset = '7'): ReceivedRecord {
  const headers = { topic: 'source', partition: '3', offset: '17', timestamp: '1000', ...told }
  const named = Object.entries(headers).map(([name, value]) => {
    return [errorHeaders[name as keyof typeof errorHeaders], Buffer.from(value)]
  })
  return {
    topic: 'readers.errors',
    partition: 0,
    offset,
    timestamp: '1773480000000',
    key: Buffer.from('k'),
    value: null,
    headers: Object.fromEntries(named),
  }
}

const attempt = (attempts: number, offset?: string) =>
  errorEntry(errorRecord({ attempts: `${attempts}` }, offset))

const settled = (attempts: number): Settlement => ({
  outcome: 'redriven',
  attempts,
  timestamp: '1000',
  by: 'ann',
  reason: 'fixed',
  at: new Date('2026-03-14T09:26:53.589Z'),
})

test('the record that was given up is known by its first place, not by that of its error record', () => {
  expect(errorEntry(errorRecord({ errorClass: 'invariant', attempts: '2' }))).toMatchObject({
    place: { topic: 'source', partition: 3, offset: '17' },
    errorClass: 'invariant',
    attempts: 2,
    partition: 0,
    offset: '7',
  })
})

test('headers that say nonsense hide no record', () => {
  const entry = errorEntry(errorRecord({ attempts: 'many', firstFailedAt: 'yesterday', partition: '' }))
  expect(entry).toMatchObject({ attempts: 1, place: { topic: 'source', partition: 0 } })
  expect(entry.firstFailedAt).toEqual(new Date(1773480000000))
  const foreign = errorEntry({ ...errorRecord({}), headers: {} })
  expect(foreign).toMatchObject({
    place: { topic: 'readers.errors', partition: 0, offset: '7' },
    attempts: 1,
  })
})

test('of the error records of one record the last attempt counts; what repeats it does not', () => {
  expect(laterAttempt(attempt(1, '1'), attempt(1, '2')).offset).toBe('1')
  expect(laterAttempt(attempt(1, '1'), attempt(2, '2')).offset).toBe('2')
  expect(laterAttempt(attempt(2, '2'), attempt(1, '3')).offset).toBe('2')
})

test('a record that fails again after it was settled is open again, its repeats are not', () => {
  expect(settles(settled(1), attempt(1))).toBe(true)
  expect(settles(settled(1), attempt(2))).toBe(false)
  expect(settles(settled(2), attempt(1))).toBe(true)
})

test('in a topic that was made anew another record stands at the same offset, and is open', () => {
  const another = errorEntry(errorRecord({ timestamp: '2000' }))
  expect(settles(settled(1), another)).toBe(false)
  expect(laterAttempt(attempt(3), another)).toBe(another)
})

test('a settlement goes into its topic and comes out as it was', () => {
  const place = { topic: 'source', partition: 3, offset: '17' }
  const { key, value } = settlementRecord(group, place, settled(1))
  expect(settlementOf({ key: Buffer.from(key ?? ''), value })).toEqual({ place, settlement: settled(1) })
  expect(settlementOf({ key: null, value: null })).toBeUndefined()
  expect(settlementOf({ key: Buffer.from('{}'), value })).toBeUndefined()
})
