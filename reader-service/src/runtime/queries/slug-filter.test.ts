import { expect, test } from 'vitest'
import { slugFilter } from './slug-filter.ts'

const { problems, conditions } = slugFilter('country', 'nz')

test('a slug matches exactly', () => {
  for (const slug of ['a', 'new-zealand-2', 'a'.repeat(60)]) expect(problems(slug)).toEqual([])
  expect(conditions('nz')).toEqual([{ country: 'nz' }])
})

test.each(['NZ', 'a--b', '-a', 'a b', 'a\n', 'a'.repeat(61), '$ne'])('%j is no slug', (text) => {
  expect(problems(text)).toEqual(['must be a slug like garden-tools, of at most 60 characters'])
})
