import { expect, test } from 'vitest'
import { isRfc3339Time } from './rfc3339.ts'

test('a time is valid from the year 0 to the end of the year 9999', () => {
  const first = Date.parse('0000-01-01T00:00:00.000Z')
  const last = Date.parse('9999-12-31T23:59:59.999Z')
  for (const time of [first, Date.now(), last]) expect(isRfc3339Time(new Date(time))).toBe(true)
  for (const time of [first - 1, last + 1, NaN]) expect(isRfc3339Time(new Date(time))).toBe(false)
  expect(isRfc3339Time(undefined)).toBe(false)
})
