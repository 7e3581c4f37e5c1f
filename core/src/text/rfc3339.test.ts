import { expect, test } from 'vitest'
import { isRfc3339Time, parseRfc3339 } from './rfc3339.ts'

test('a time is valid from the year 1 to the end of the year 9999, as in a protobuf Timestamp', () => {
  const first = Date.parse('0001-01-01T00:00:00.000Z')
  const last = Date.parse('9999-12-31T23:59:59.999Z')
  for (const time of [first, Date.now(), last]) expect(isRfc3339Time(new Date(time))).toBe(true)
  for (const time of [first - 1, last + 1, NaN]) expect(isRfc3339Time(new Date(time))).toBe(false)
  expect(isRfc3339Time(undefined)).toBe(false)
})

test.each([
  ['2026-03-14T09:26:53Z', '2026-03-14T09:26:53.000Z'],
  ['2026-03-14T09:26:53.5Z', '2026-03-14T09:26:53.500Z'],
  ['2026-03-14T09:26:53.589000Z', '2026-03-14T09:26:53.589Z'],
  ['2026-03-14T00:26:53.589+01:00', '2026-03-13T23:26:53.589Z'],
  ['2028-02-29T23:59:59-00:00', '2028-02-29T23:59:59.000Z'],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
])('%s is the time %s', (text, time) => {
  expect(parseRfc3339(text)?.toISOString()).toBe(time)
})

test.each([
  '',
  'noon',
  '2026-03-14',
  '2026-02-30T00:00:00Z',
  '2026-02-29T00:00:00Z',
  '2026-04-31T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-00-10T00:00:00Z',
  '2026-03-14T24:00:00Z',
  '2026-03-14T09:60:00Z',
  '2016-12-31T23:59:60Z',
  '2026-03-14T09:26:53',
  '2026-03-14T09:26:53.5891Z',
  '2026-03-14T09:26:53+24:00',
  '2026-03-14T09:26:53+01',
  '0000-12-31T00:00:00Z',
  '0001-01-01T00:00:00+01:00',
  '+12026-03-14T09:26:53Z',
])('%j is not a time that exists, or not one that we can keep', (text) => {
  expect(parseRfc3339(text)).toBeUndefined()
})
