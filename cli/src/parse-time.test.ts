import { expect, test } from 'vitest'
import { parseTime } from './parse-time.ts'

const now = Date.parse('2026-03-14T12:00:00Z')

test.each([
  ['90s', '2026-03-14T11:58:30.000Z'],
  ['15m', '2026-03-14T11:45:00.000Z'],
  ['2h', '2026-03-14T10:00:00.000Z'],
  ['7d', '2026-03-07T12:00:00.000Z'],
  ['2028-02-29', '2028-02-29T00:00:00.000Z'],
  ['2026-03-14', '2026-03-14T00:00:00.000Z'],
  ['2026-03-14T09:26:53.589+01:00', '2026-03-14T08:26:53.589Z'],
])('%s is parsed as %s', (text, time) => {
  expect(parseTime(text, now).toISOString()).toBe(time)
})

test.each([
  '',
  'noon',
  '5',
  '5w',
  '99999999999999999999d',
  '9999999d',
  '2026-13-01',
  '2026-02-30',
  '2026-02-30T09:26:53Z',
  '2026-03-14T09:26:53.5891Z',
  '0000-03-14',
  '2026-03-14T09:26:53',
  '2026-03-14T24:00:00Z',
])('%j is not a time', (text) => {
  expect(() => parseTime(text, now)).toThrow('an age such as')
})
