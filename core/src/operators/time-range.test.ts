import { expect, test } from 'vitest'
import { timeViolations } from './time-range.ts'

test('a time that RFC 3339 cannot write is reported with its field', () => {
  expect(timeViolations({ since: new Date(), until: undefined })).toEqual([])
  const invalid = timeViolations({ since: new Date(NaN), until: new Date(8.64e15) })
  expect(invalid.map(({ field }) => field)).toEqual(['since', 'until'])
})
