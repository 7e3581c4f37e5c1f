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
  validList('newestNotes', newestNotes, { text: '', pageToken: '', ...request } as unknown as ListRequest)
const lowest = (request: object) => validList('lowestNotes', lowestNotes, { pageToken: '', ...request })

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
  const request = { text: 'x'.repeat(21), pageSize: 0, pageToken: 'garbage' } as unknown as ListRequest
  const others = [{ field: 'colour', message: 'is not a parameter of this request' }]
  const fields = fieldsOf(() => validList('newestNotes', newestNotes, request, others))
  expect(fields).toEqual(['colour', 'text', 'pageSize', 'pageToken'])
})

test('a token is valid only for the list and the filters of its page', () => {
  const position = { key: new Date(5), id: crypto.randomUUID() }
  const pageToken = encodePageToken(position, { list: 'newestNotes', filters: ['tea'] })
  expect(newest({ text: 'tea', pageToken }).after).toEqual(position)
  expect(violationsOf(() => newest({ text: 'te', pageToken }))).toEqual([
    { field: 'pageToken', message: 'must be the nextPageToken of a page with the same text' },
  ])
  const otherList = encodePageToken(position, { list: 'lowestNotes', filters: ['tea'] })
  expect(fieldsOf(() => newest({ text: 'tea', pageToken: otherList }))).toEqual(['pageToken'])
})

test('ids become lower case; an absent parameter gets its default', () => {
  const id = 'ABCDEF00-0000-0000-0000-000000000000'
  expect(validGet({ id })).toEqual({ id: id.toLowerCase(), minVersion: undefined })
  expect(newest({})).toMatchObject({ pageSize: 20, after: undefined })
  expect(lowest({}).filters).toEqual(new Map([['maxRank', undefined]]))
})
