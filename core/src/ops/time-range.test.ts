import { expect, test } from 'vitest'
import { timeFaults } from './time-range.ts'

test('times that no store understands are told by their field', () => {
  expect(timeFaults({ since: new Date(), until: undefined })).toEqual([])
  expect(timeFaults({ since: new Date(NaN), until: new Date(8.64e15) }).map(({ field }) => field)).toEqual([
    'since',
    'until',
  ])
})
