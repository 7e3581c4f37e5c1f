import { errorHeaders } from '@lockstep/contracts/topics.ts'
import { expect, test } from 'vitest'
import type { ReceivedRecord } from '../client/record.ts'
import { deadLetterOf, latestAttempt } from './dead-letter.ts'
import { resolutionOf, resolutionRecord, resolves, type Resolution } from './resolution.ts'

const group = 'readers'

function deadLetterWith(
  described: Partial<Record<keyof typeof errorHeaders, string>>,
  offset = '7',
): ReceivedRecord {
  const headers = { topic: 'source', partition: '3', offset: '17', timestamp: '1000', ...described }
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
  deadLetterOf(deadLetterWith({ attempts: `${attempts}` }, offset))

const redriven = (attempts: number): Resolution => ({
  outcome: 'redriven',
  attempts,
  timestamp: '1000',
  by: 'ann',
  reason: 'fixed',
  at: new Date('2026-03-14T09:26:53.589Z'),
})

test('a dead letter is identified by the original position, not by its position on the error topic', () => {
  expect(deadLetterOf(deadLetterWith({ errorClass: 'invariant', attempts: '2' }))).toMatchObject({
    position: { topic: 'source', partition: 3, offset: '17' },
    errorClass: 'invariant',
    attempts: 2,
    partition: 0,
    offset: '7',
  })
})

test('headers with invalid values hide no dead letter', () => {
  const letter = deadLetterOf(deadLetterWith({ attempts: 'many', firstFailedAt: 'yesterday', partition: '' }))
  expect(letter).toMatchObject({ attempts: 1, position: { topic: 'source', partition: 0 } })
  expect(letter.firstFailedAt).toEqual(new Date(1773480000000))
  // Date reads it as 2 March.
  const noDay = deadLetterOf(deadLetterWith({ firstFailedAt: '2026-02-30T00:00:00.000Z' }))
  expect(noDay.firstFailedAt).toEqual(new Date(1773480000000))
  const foreign = deadLetterOf({ ...deadLetterWith({}), headers: {} })
  expect(foreign).toMatchObject({
    position: { topic: 'readers.errors', partition: 0, offset: '7' },
    attempts: 1,
  })
})

test('of the attempts of one record the last counts; a repetition of it does not', () => {
  expect(latestAttempt(attempt(1, '1'), attempt(1, '2')).offset).toBe('1')
  expect(latestAttempt(attempt(1, '1'), attempt(2, '2')).offset).toBe('2')
  expect(latestAttempt(attempt(2, '2'), attempt(1, '3')).offset).toBe('2')
})

test('a record that fails again after its resolution is open again; a repetition is not', () => {
  expect(resolves(redriven(1), attempt(1))).toBe(true)
  expect(resolves(redriven(1), attempt(2))).toBe(false)
  expect(resolves(redriven(2), attempt(1))).toBe(true)
})

test('another record at the same position of a topic that was deleted and created is open', () => {
  const another = deadLetterOf(deadLetterWith({ timestamp: '2000' }))
  expect(resolves(redriven(1), another)).toBe(false)
  expect(latestAttempt(attempt(3), another)).toBe(another)
})

test('a decoded resolution equals the encoded one', () => {
  const position = { topic: 'source', partition: 3, offset: '17' }
  const { key, value } = resolutionRecord(group, position, redriven(1))
  expect(resolutionOf({ key: Buffer.from(key ?? ''), value })).toEqual({ position, resolution: redriven(1) })
  expect(resolutionOf({ key: null, value: null })).toBeUndefined()
  expect(resolutionOf({ key: Buffer.from('{}'), value })).toBeUndefined()
  const noTime = Buffer.from(JSON.stringify({ ...redriven(1), at: '2026-02-30T00:00:00Z' }))
  expect(resolutionOf({ key: Buffer.from(key ?? ''), value: noTime })).toBeUndefined()
})
