import { expect, test } from 'vitest'
import { queryParameters, wholeNumber } from './query-parameters.ts'

const fields = (query: string) =>
  queryParameters(`http://reader/p?${query}`, ['search', 'pageSize']).violations.map(({ field }) => field)

test('unknown and repeated parameters are invalid', () => {
  expect(fields('search=a&search=a')).toEqual(['search'])
  expect(fields('Search=a&page_size=1&constructor=1')).toEqual(['Search', 'page_size', 'constructor'])
  expect(fields('search=a&pageSize=1')).toEqual([])
})

test('values are decoded and otherwise unchanged', () => {
  const { values } = queryParameters('http://reader/p?search=a%2Bb+c&pageSize=', ['search', 'pageSize'])
  expect(values).toEqual({ search: 'a+b c', pageSize: '' })
})

test.each(['', '-1', '1.0', '1e2', ' 1', '0x10', 'ten'])('%j is no whole number', (text) => {
  expect(wholeNumber(text)).toBeNaN()
})
