import { AppError } from '@lockstep/core/errors/app-error.ts'
import { expect, test } from 'vitest'
import { noteReadModel } from '../testing/notes.ts'
import type { ListRequest } from './definition.ts'
import { encodePageToken } from './page-token.ts'
import { validGet, validList } from './requests.ts'

const { newestNotes, lowestNotes } = noteReadModel.queries.lists as Record<
  'newestNotes' | 'lowestNotes',
  (typeof noteReadModel.queries.lists)[string]
>

const newest = (request: object) =>
  validList('newestNotes', newestNotes, {
    text: '',
    sort: '',
    pageToken: '',
    ...request,
  } as unknown as ListRequest)
const lowest = (request: object) =>
  validList('lowestNotes', lowestNotes, { sort: '', pageToken: '', ...request })

function violationsOf(validate: () => unknown): { field: string; message: string }[] {
  try {
    validate()
    return []
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'invalid') throw error
    return [...error.violations]
  }
}

const fieldsOf = (validate: () => unknown) => violationsOf(validate).map(({ field }) => field)

test.each([0, 101, -1, NaN, 1.5, Infinity])('a page size of %s is invalid', (pageSize) => {
  expect(fieldsOf(() => newest({ pageSize }))).toEqual(['pageSize'])
})

test.each([0, -1, NaN, 2 ** 53])('a minimum version of %s is invalid', (minVersion) => {
  expect(fieldsOf(() => validGet({ id: crypto.randomUUID(), minVersion }))).toEqual(['minVersion'])
})

test.each([-1, 101, NaN, 0.5])('a number filter of %s is invalid', (maxRank) => {
  expect(violationsOf(() => lowest({ maxRank }))).toEqual([
    { field: 'maxRank', message: 'must be a whole number from 0 to 100' },
  ])
})

test('all invalid fields are named at once, in the order of the filters', () => {
  const request = {
    text: 'x'.repeat(21),
    sort: 'colour',
    pageSize: 0,
    pageToken: 'garbage',
  } as unknown as ListRequest
  const others = [{ field: 'colour', message: 'is not a parameter of this request' }]
  const fields = fieldsOf(() => validList('newestNotes', newestNotes, request, others))
  expect(fields).toEqual(['colour', 'text', 'sort', 'pageSize', 'pageToken'])
})

test('a sort is one of those that the list declares, in one of two directions', () => {
  expect(newest({}).order).toEqual({ by: 'createdAt', direction: 'descending', ids: 'ascending' })
  expect(newest({ sort: 'createdAt' }).order).toEqual({
    by: 'createdAt',
    direction: 'ascending',
    ids: 'descending',
  })
  expect(newest({ sort: '-text' }).order).toEqual({ by: 'text', direction: 'descending', ids: 'descending' })
  expect(violationsOf(() => newest({ sort: 'rank' }))).toEqual([
    { field: 'sort', message: 'must be one of createdAt, -createdAt, text, -text' },
  ])
})

test('a sort is refused with a filter for which no index has the order', () => {
  expect(lowest({ sort: 'text' }).order.by).toBe('text')
  expect(lowest({ sort: '-rank', maxRank: 5 }).order.by).toBe('rank')
  expect(violationsOf(() => lowest({ sort: '-text', maxRank: 5 }))).toEqual([
    { field: 'sort', message: 'must not be -text together with maxRank, because no index has this order' },
  ])
})

test('a token is valid only for the list, the sort and the filters of its page', () => {
  const position = { key: new Date(5), id: crypto.randomUUID() }
  const pageToken = encodePageToken(position, { list: 'newestNotes', sort: '-createdAt', filters: ['tea'] })
  expect(newest({ text: 'tea', pageToken }).after).toEqual(position)
  expect(violationsOf(() => newest({ text: 'te', pageToken }))).toEqual([
    { field: 'pageToken', message: 'must be the nextPageToken of a page with the same text and sort' },
  ])
  expect(newest({ text: 'tea', sort: '-createdAt', pageToken }).after).toEqual(position)
  expect(fieldsOf(() => newest({ text: 'tea', sort: 'createdAt', pageToken }))).toEqual(['pageToken'])
  const ofOtherList = { list: 'lowestNotes', sort: '-createdAt', filters: ['tea'] }
  const otherList = encodePageToken(position, ofOtherList)
  expect(fieldsOf(() => newest({ text: 'tea', pageToken: otherList }))).toEqual(['pageToken'])
})

test('ids become lower case; an absent parameter gets its default', () => {
  const id = 'ABCDEF00-0000-0000-0000-000000000000'
  expect(validGet({ id })).toEqual({ id: id.toLowerCase(), minVersion: undefined })
  expect(newest({})).toMatchObject({ pageSize: 20, after: undefined })
  expect(lowest({}).filters).toEqual(new Map([['maxRank', undefined]]))
})
