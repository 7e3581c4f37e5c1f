import { AppError } from '@lockstep/core/errors/app-error.ts'
import { expect, test, vi } from 'vitest'
import { slugFilter } from '../queries/slug-filter.ts'
import { portsOn, testApp, type Problem } from '../testing/query-ports.ts'
import type { FoundTotals, TotalsFinder } from './totals-finder.ts'
import { totalsQuery } from './totals-queries.ts'
import { totalsRoute } from './totals-routes.ts'

const id = '0198c0de-7a11-7c0d-8000-5eed0000cafe'
const asOf = new Date('2026-03-14T09:26:53.589Z')
const groups = [
  { group: 'tea', count: 2, sum: 30, min: 10, max: 20 },
  { group: 'cups', count: 5, sum: 9, min: 1, max: 3 },
  { group: 'jars', count: 2, sum: 8, min: 4, max: 4 },
]
const finder = {
  versions: vi.fn(async () => new Map([[id, 3]])),
  totals: vi.fn(async (_: number): Promise<FoundTotals> => ({ groups, asOf })),
} satisfies TotalsFinder

const definition = { groupName: 'category', filter: slugFilter('category', 'tea'), idName: 'noteId' }
const docs = {
  tag: 'Notes',
  path: '/totals',
  operationId: 'listTotals',
  summary: '',
  schema: 'T',
  value: 'x',
}
const app = testApp()
const behind = new AppError('read_model_behind', 'not yet')
totalsRoute(app, definition, docs, totalsQuery(definition, portsOn(finder, behind)))

const get = async (query = '') => (await app.request(`/totals${query}`)).json()
const namesOf = (body: unknown) =>
  (body as { items: { category: string }[] }).items.map(({ category }) => category)

test('each group has its totals, in the order of the names, and the response says how fresh it is', async () => {
  expect(await get()).toEqual({
    items: [
      { category: 'cups', count: 5, sum: 9, min: 1, max: 3 },
      { category: 'jars', count: 2, sum: 8, min: 4, max: 4 },
      { category: 'tea', count: 2, sum: 30, min: 10, max: 20 },
    ],
    asOf: '2026-03-14T09:26:53.589Z',
  })
})

test.each([
  ['name', ['cups', 'jars', 'tea']],
  ['-name', ['tea', 'jars', 'cups']],
  ['count', ['jars', 'tea', 'cups']],
  ['-count', ['cups', 'jars', 'tea']],
  ['sum', ['jars', 'cups', 'tea']],
  ['-sum', ['tea', 'cups', 'jars']],
])('sorted by %s', async (sort, names) => {
  expect(namesOf(await get(`?sort=${sort}`))).toEqual(names)
})

test('one group is selected by its name; a group without members is absent', async () => {
  expect(namesOf(await get('?category=tea'))).toEqual(['tea'])
  expect(namesOf(await get('?category=spoons'))).toEqual([])
  finder.totals.mockResolvedValueOnce({ groups: [], asOf: undefined })
  expect(await get()).toEqual({ items: [] })
})

test('with a version, the totals are read after the store has it', async () => {
  expect(namesOf(await get(`?minVersion=3&noteId=${id.toUpperCase()}`))).toHaveLength(3)
  expect(finder.versions).toHaveBeenLastCalledWith([id])
  finder.totals.mockClear()
  expect(await get(`?minVersion=4&noteId=${id}`)).toMatchObject({ code: 'read_model_behind' })
  expect(finder.totals).not.toHaveBeenCalled()
})

test.each([
  ['?sort=price', ['sort']],
  ['?sort=--name', ['sort']],
  ['?sort=&noteId=', ['noteId', 'sort']],
  ['?category=Not+a+slug', ['category']],
  ['?minVersion=1', ['noteId']],
  [`?noteId=${id}`, ['minVersion']],
  [`?minVersion=0&noteId=${id}`, ['minVersion']],
  ['?minVersion=1&noteId=42', ['noteId']],
  ['?colour=red&sort=x', ['colour', 'sort']],
])('%s is invalid', async (query, fields) => {
  const { status, code, errors = [] } = (await get(query)) as Problem
  expect({ status, code, fields: errors.map(({ field }) => field) }).toEqual({
    status: 400,
    code: 'invalid',
    fields,
  })
})
