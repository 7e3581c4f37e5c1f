import { AppError } from '@lockstep/core/errors/app-error.ts'
import { expect, test } from 'vitest'
import { encodePageToken } from '../domain/page-token.ts'
import { getProductQuery, searchProductsQuery } from './query-rules.ts'

const search = { search: '', category: '', pageSize: undefined, pageToken: '' }

function fieldsAtFault(check: () => unknown): string[] {
  try {
    check()
    return []
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'invalid') throw error
    return error.violations.map(({ field }) => field)
  }
}

test.each([0, 101, -1, NaN, 1.5, Infinity])('a page size of %s is refused', (pageSize) => {
  expect(fieldsAtFault(() => searchProductsQuery({ ...search, pageSize }))).toEqual(['pageSize'])
})

test.each([0, -1, NaN, 2 ** 53])('a least version of %s is refused', (minVersion) => {
  expect(fieldsAtFault(() => getProductQuery({ id: crypto.randomUUID(), minVersion }))).toEqual([
    'minVersion',
  ])
})

test('every field at fault is named at once', () => {
  const given = { search: 'a\0', category: 'No Slug', pageSize: 0, pageToken: 'garbage' }
  const others = [{ field: 'colour', message: 'is not a parameter of this request' }]
  expect(fieldsAtFault(() => searchProductsQuery(given, others))).toEqual([
    'colour',
    'search',
    'category',
    'pageSize',
    'pageToken',
  ])
})

test.each([['lone surrogate \ud800'], ['x'.repeat(501)]])(
  'search text that cannot be meant is refused',
  (text) => {
    expect(fieldsAtFault(() => searchProductsQuery({ ...search, search: text }))).toEqual(['search'])
  },
)

test('a token goes with the search that it was made for, and with no other', () => {
  const position = { createdAt: new Date(5), id: crypto.randomUUID() }
  const pageToken = encodePageToken(position, { search: 'tea', category: '' })
  expect(searchProductsQuery({ ...search, search: 'tea', pageToken }).after).toEqual(position)
  expect(fieldsAtFault(() => searchProductsQuery({ ...search, search: 'te', pageToken }))).toEqual([
    'pageToken',
  ])
})

test('ids are lower-cased; what is left out takes its default', () => {
  const id = 'ABCDEF00-0000-0000-0000-000000000000'
  expect(getProductQuery({ id, minVersion: undefined })).toEqual({
    id: id.toLowerCase(),
    minVersion: undefined,
  })
  expect(searchProductsQuery(search)).toEqual({ search: '', category: '', pageSize: 20, after: undefined })
})
