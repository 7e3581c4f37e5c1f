import { AppError } from '@lockstep/core/errors/app-error.ts'
import { createHttpApp } from '@lockstep/core/http/app.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { Registry } from 'prom-client'
import { expect, test, vi } from 'vitest'
import type { ItemQuery, ListedItem } from '../queries/item-finder.ts'
import { encodePageToken } from '../queries/page-token.ts'
import { readModelQueries } from '../queries/read-model-queries.ts'
import { madeEachTime } from '../testing/query-ports.ts'
import { encodedNote, noteAt, noteReadModel } from '../testing/notes.ts'
import type { GetItem } from '../versions/get-item.ts'
import { queryParameters, queryRoutes, wholeNumber } from './http-routes.ts'
import { summaryRoutes } from './summary-routes.ts'

/** The protocol and the validation, without the stores. */
const id = '0198c0de-7a11-7c0d-8000-5eed0000cafe'
const note = noteAt(id, 3)
const getItem = vi.fn<GetItem>(async () => encodedNote(note))
const listed = { item: note, key: note.createdAt }
const list = vi.fn(async (_: ItemQuery): Promise<ListedItem[]> => [listed])
const log = createLog({ service: 'test', level: 'silent' })
const app = createHttpApp({ log, metrics: new Registry(), admit: (work) => work() })
const count = vi.fn(async (_: object) => 7)
const document = madeEachTime({ list })
const queries = readModelQueries(noteReadModel, { getItem, finder: { list, count }, document })
summaryRoutes(app, noteReadModel.queries, queries)
queryRoutes(app, noteReadModel, queries)

const path = `/notes/${id}`
const json = { id, version: 3, text: 'version 3', rank: 1, createdAt: '2026-03-14T09:26:53.589Z' }

async function problem(request: Response | Promise<Response>) {
  const response = await request
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  const body = (await response.json()) as { code: string; status: number; errors?: { field: string }[] }
  expect(body.status).toBe(response.status)
  const fields = body.errors?.map(({ field }) => field)
  return { status: response.status, code: body.code, fields, headers: response.headers }
}

test('an item is returned with its version as entity tag, and only with its public fields', async () => {
  const response = await app.request(`/notes/${id.toUpperCase()}?minVersion=3`)
  expect(response.status).toBe(200)
  expect(response.headers.get('etag')).toBe('"3"')
  expect(response.headers.get('cache-control')).toBe('no-cache')
  expect(await response.json()).toEqual(json)
  expect(getItem).toHaveBeenLastCalledWith({ id, minVersion: 3, deadline: Infinity })
})

test('a caller that has the version gets 304 and no body', async () => {
  const response = await app.request(path, { headers: { 'if-none-match': '"2", W/"3"' } })
  expect(response.status).toBe(304)
  expect(response.headers.get('etag')).toBe('"3"')
  expect(await response.text()).toBe('')
  expect((await app.request(path, { headers: { 'if-none-match': '"2"' } })).status).toBe(200)
})

test('a caller that requires another version gets 412', async () => {
  const statusOf = async (tags: string) => (await app.request(path, { headers: { 'if-match': tags } })).status
  expect(await Promise.all(['"3"', '"2", "3"', '*'].map(statusOf))).toEqual([200, 200, 200])
  expect(await statusOf('W/"3"')).toBe(412)
  const response = await problem(app.request(path, { headers: { 'if-match': '"2"', 'if-none-match': '*' } }))
  expect(response).toMatchObject({ status: 412, code: 'version_conflict' })
})

test.each([
  [path, 'if-modified-since', 'Sat, 14 Mar 2026 09:26:53 GMT'],
  [path, 'if-unmodified-since', 'Sat, 14 Mar 2026 09:26:53 GMT'],
  [path, 'if-range', '"3"'],
  [path, 'if-match', '3'],
  [path, 'if-none-match', '"3" "4"'],
  ['/notes', 'if-none-match', '*'],
  ['/notes', 'if-match', '"3"'],
])('%s does not evaluate %s: %s', async (target, name, value) => {
  const { status, fields } = await problem(app.request(target, { headers: { [name]: value } }))
  expect([status, fields?.map((field) => field.toLowerCase())]).toEqual([400, [name]])
})

test('every response says what may be cached', async () => {
  getItem.mockRejectedValueOnce(new AppError('not_found', 'There is no note'))
  for (const target of [path, '/notes', '/notes?pageSize=0', '/nothing']) {
    expect((await app.request(target)).headers.get('cache-control')).toBe('no-store')
  }
})

test('HEAD is GET without the body', async () => {
  const response = await app.request(path, { method: 'HEAD' })
  expect([response.status, response.headers.get('etag'), await response.text()]).toEqual([200, '"3"', ''])
})

test('a page has a token unless it is the last', async () => {
  expect(await (await app.request('/notes')).json()).toEqual({ items: [json] })
  list.mockResolvedValueOnce([listed, listed])
  const page = (await (await app.request('/notes?pageSize=1')).json()) as object
  expect(page).toEqual({ items: [json], nextPageToken: expect.stringMatching(/./) as string })
})

test('the parameters of a list reach the store', async () => {
  const after = { key: new Date(7), id }
  const pageToken = encodePageToken(after, { list: 'newestNotes', sort: 'createdAt', filters: ['tea pot'] })
  await app.request(`/notes?text=tea+pot&sort=createdAt&pageSize=100&pageToken=${pageToken}`)
  const order = { by: 'createdAt', direction: 'ascending', ids: 'descending' }
  const conditions = [{ text: /^tea pot/ }]
  expect(list).toHaveBeenLastCalledWith({ conditions, order, after, limit: 101, deadline: Infinity })
  await app.request('/lowest-notes?maxRank=5')
  expect(list.mock.lastCall![0].conditions).toEqual([{ rank: { $lte: 5 } }])
})

test('a count is exact up to 10,000', async () => {
  expect(await (await app.request('/notes/count?text=tea')).json()).toEqual({ count: 7, exact: true })
  expect(count).toHaveBeenLastCalledWith({
    conditions: [{ text: /^tea/ }],
    limit: 10_001,
    deadline: Infinity,
  })
  count.mockResolvedValueOnce(10_000)
  expect(await (await app.request('/notes/count')).json()).toEqual({ count: 10_000, exact: true })
  count.mockResolvedValueOnce(10_001)
  expect(await (await app.request('/notes/count')).json()).toEqual({ count: 10_000, exact: false })
})

test('a filter that nothing can match counts 0 without reading the store', async () => {
  count.mockClear()
  expect(await (await app.request('/notes/count?text=?')).json()).toEqual({ count: 0, exact: true })
  expect(count).not.toHaveBeenCalled()
})

test('a top list states when and how it was made', async () => {
  const response = await app.request('/notes/top?text=tea&by=createdAt&limit=3')
  const { headers } = response
  expect([headers.get('age'), headers.get('x-document'), headers.get('cache-control')]).toEqual([
    '0',
    'made',
    'no-store',
  ])
  expect(await response.json()).toEqual({ items: [json], madeAt: '2023-11-14T22:13:20.000Z' })
  expect(list).toHaveBeenLastCalledWith({
    conditions: [{ text: /^tea/ }],
    order: { by: 'createdAt', direction: 'descending', ids: 'ascending' },
    after: undefined,
    limit: 3,
    deadline: Infinity,
  })
})

test('a list that was read while an item moved is read again', async () => {
  const moved = { item: noteAt(id, 4), key: new Date(0) }
  list.mockResolvedValueOnce([listed, moved])
  expect(await (await app.request('/notes/top?by=createdAt')).json()).toMatchObject({ items: [json] })
  list.mockResolvedValue([listed, moved])
  expect(await problem(app.request('/notes/top'))).toMatchObject({ status: 503, code: 'unavailable' })
  list.mockResolvedValue([listed])
})

test('an absent filter adds no condition; a filter that nothing can match does not read the store', async () => {
  await app.request('/lowest-notes')
  expect(list.mock.lastCall![0].conditions).toEqual([])
  list.mockClear()
  expect(await (await app.request('/notes?text=?')).json()).toEqual({ items: [] })
  expect(list).not.toHaveBeenCalled()
})

test.each([
  ['/notes/42', ['id']],
  ['/notes/%20', ['id']],
  [`${path}?minVersion=0`, ['minVersion']],
  [`${path}?minVersion=one`, ['minVersion']],
  [`${path}?minVersion=`, ['minVersion']],
  [`${path}?minVersion=1&minVersion=2`, ['minVersion']],
  [`${path}?min_version=1`, ['min_version']],
  ['/notes/42?x=1&minVersion=-1', ['x', 'id', 'minVersion']],
  ['/notes?pageSize=0', ['pageSize']],
  ['/notes?pageSize=101', ['pageSize']],
  ['/notes?pageSize=-1', ['pageSize']],
  ['/notes?pageSize=ten', ['pageSize']],
  ['/notes?pageToken=garbage', ['pageToken']],
  ['/notes?sort=rank', ['sort']],
  ['/notes/count?pageSize=1', ['pageSize']],
  ['/notes/count?text=this+text+is+too+long+for+the+filter', ['text']],
  ['/notes/top?by=text', ['by']],
  ['/notes/top?by=', ['by']],
  ['/notes/top?by=constructor&limit=0', ['by', 'limit']],
  ['/notes/top?limit=101', ['limit']],
  ['/notes/top?text=this+text+is+too+long+for+the+filter', ['text']],
  ['/notes/top?maxRank=1', ['maxRank']],
  ['/notes?sort=', ['sort']],
  ['/notes?sort=--text', ['sort']],
  ['/notes?sort=constructor', ['sort']],
  ['/lowest-notes?maxRank=1&sort=-text', ['sort']],
  ['/notes?text=a&text=b', ['text']],
  ['/notes?text=this+text+is+too+long+for+the+filter', ['text']],
  ['/lowest-notes?maxRank=-1', ['maxRank']],
  ['/lowest-notes?maxRank=101', ['maxRank']],
  ['/lowest-notes?text=a', ['text']],
])('%s is invalid', async (target, fields) => {
  expect(await problem(app.request(target))).toMatchObject({ status: 400, code: 'invalid', fields })
})

test.each([
  ['not_found', 404, null],
  ['read_model_behind', 503, '1'],
  ['overloaded', 503, '1'],
  ['unavailable', 503, '1'],
  ['deadline_exceeded', 504, null],
] as const)('%s is a problem with status %i', async (code, status, retryAfter) => {
  getItem.mockRejectedValueOnce(new AppError(code, 'because'))
  const response = await problem(app.request(path))
  expect(response).toMatchObject({ status, code })
  expect(response.headers.get('retry-after')).toBe(retryAfter)
})

test('the text of an unexpected error is not part of the response', async () => {
  getItem.mockRejectedValueOnce(new TypeError('secret'))
  const response = await app.request(path)
  expect(response.status).toBe(500)
  expect(await response.text()).not.toContain('secret')
})

test.each([`/notes/%FF`, `${path}?minVersion=%FF`, '/notes?text=%FF', '/notes?text=100%'])(
  '%s is malformed',
  async (target) => {
    expect(await problem(app.request(target))).toMatchObject({ status: 400, code: 'malformed' })
  },
)

test('other methods and paths are refused with problems', async () => {
  const response = await problem(app.request(path, { method: 'DELETE' }))
  expect(response).toMatchObject({ status: 405, code: 'method_not_allowed' })
  expect(response.headers.get('allow')).toBe('GET, HEAD')
  expect(await problem(app.request('/nothing'))).toMatchObject({ status: 404, code: 'not_found' })
})

const violatedBy = (query: string) =>
  queryParameters(`http://reader/p?${query}`, ['search', 'pageSize']).violations.map(({ field }) => field)

test('unknown and repeated parameters are invalid', () => {
  expect(violatedBy('search=a&search=a')).toEqual(['search'])
  expect(violatedBy('Search=a&page_size=1&constructor=1')).toEqual(['Search', 'page_size', 'constructor'])
  expect(violatedBy('search=a&pageSize=1')).toEqual([])
})

test('values are decoded and otherwise unchanged', () => {
  const { values } = queryParameters('http://reader/p?search=a%2Bb+c&pageSize=', ['search', 'pageSize'])
  expect(values).toEqual({ search: 'a+b c', pageSize: '' })
})

test.each(['', '-1', '1.0', '1e2', ' 1', '0x10', 'ten'])('%j is no whole number', (text) => {
  expect(wholeNumber(text)).toBeNaN()
})
