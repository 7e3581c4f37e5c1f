import { AppError } from '@lockstep/core/errors/app-error.ts'
import { expect, test } from 'vitest'
import { deletedNoteAt, noteAt, noteReadModel } from '../testing/notes.ts'
import { portsOn, testApp, type Problem } from '../testing/query-ports.ts'
import { keyParts } from './entry.ts'
import type { FoundEntry, HistoryFinder } from './history-finder.ts'
import { history } from './history.ts'
import { readModelQueries } from '../queries/read-model-queries.ts'
import { queryRoutes } from '../inbound/http-routes.ts'

const id = '0198c0de-7a11-7c0d-8000-5eed0000cafe'
const timeOf = (version: number) => new Date(Date.UTC(2026, 2, 14, 9, 0, version))

/** The queries of a history with these versions; `newest` is also promised if its entry is absent. */
function appWith(versions: readonly number[], { newest = Math.max(0, ...versions), deleted = false } = {}) {
  const entryAt = (version: number): FoundEntry => {
    const gone = deleted && version === newest
    const item = noteReadModel.items.ofState(gone ? deletedNoteAt(id, version) : noteAt(id, version))
    const type = gone ? 'deleted' : version === 1 ? 'created' : 'updated'
    return { version, type, occurredAt: timeOf(version), requestId: `request-${version}`, item }
  }
  const reads: number[][] = []
  const finder: HistoryFinder = {
    versions: async (keys) =>
      new Map(keys.filter((key) => versions.includes(keyParts(key).version)).map((key) => [key, 1])),
    newest: async (asked) => (asked === id ? newest : 0),
    async entries(_, wanted) {
      reads.push([...wanted])
      const found = wanted.filter((version) => versions.includes(version))
      return new Map(found.map((version) => [version, entryAt(version)]))
    },
  }
  const ports = portsOn(finder, new AppError('read_model_behind', 'not yet'))
  const readModel = history({ name: 'note-history', of: noteReadModel })
  const past = readModel.past!.open(ports)
  const app = testApp()
  queryRoutes(
    app,
    noteReadModel,
    readModelQueries(noteReadModel, {
      getItem: ports.getItem(''),
      finder: { list: async () => [], count: async () => 0 },
      document: ports.document,
      past,
    }),
  )
  readModel.serve(ports).routes(app)
  return {
    reads,
    get: async (path: string) => (await app.request(`/notes/${path}`)).json(),
  }
}

type HistoryBody = { items: { version: number }[]; nextPageToken?: string }
const upTo = (version: number) => Array.from({ length: version }, (_, index) => index + 1)

test('an entry has what changed from what to what, when, and by which request', async () => {
  expect(await appWith([1, 2], { deleted: true }).get(`${id}/history`)).toEqual({
    items: [
      {
        version: 2,
        type: 'deleted',
        changes: [
          { field: 'text', from: 'version 1', to: null },
          { field: 'rank', from: 1, to: null },
        ],
        occurredAt: timeOf(2).toISOString(),
        requestId: 'request-2',
      },
      {
        version: 1,
        type: 'created',
        changes: [
          { field: 'text', from: null, to: 'version 1' },
          { field: 'rank', from: null, to: 1 },
        ],
        occurredAt: timeOf(1).toISOString(),
        requestId: 'request-1',
      },
    ],
  })
  const updated = (await appWith(upTo(3)).get(`${id}/history?pageSize=1`)) as { items: unknown[] }
  expect(updated.items[0]).toMatchObject({ changes: [{ field: 'text', from: 'version 2', to: 'version 3' }] })
})

test.each([1, 3, 20, 100])('pages of %i together are all versions, newest first', async (pageSize) => {
  const { get } = appWith(upTo(45))
  const found: number[] = []
  for (let token: string | undefined = ''; token !== undefined;) {
    const page = (await get(`${id}/history?pageSize=${pageSize}&pageToken=${token}`)) as HistoryBody
    found.push(...page.items.map(({ version }) => version))
    token = page.nextPageToken
  }
  expect(found).toEqual(upTo(45).toReversed())
})

test('a gap is refused: in the page, in the entry before it, and at the newest version', async () => {
  for (const missing of [9, 6, 10]) {
    const { get } = appWith(
      upTo(10).filter((version) => version !== missing),
      { newest: 10 },
    )
    expect(await get(`${id}/history?pageSize=4`)).toMatchObject({ status: 503, code: 'read_model_behind' })
  }
})

test('a version that has not arrived is waited for; an unknown id is not found', async () => {
  const { get } = appWith(upTo(2))
  expect(await get(`${id}/history?minVersion=3`)).toMatchObject({ code: 'read_model_behind' })
  expect(await get(`${id}/history?minVersion=2`)).toMatchObject({ items: [{ version: 2 }, { version: 1 }] })
  expect(await get(`${crypto.randomUUID()}/history`)).toMatchObject({ status: 404, code: 'not_found' })
})

test('an item as it was at a version has the form that it has now', async () => {
  const { get } = appWith(upTo(5), { deleted: true })
  expect(await get(`${id}?asOfVersion=3`)).toEqual({
    id,
    version: 3,
    text: 'version 3',
    rank: 1,
    createdAt: '2026-03-14T09:26:53.589Z',
  })
  expect(await get(`${id}?asOfVersion=5`)).toMatchObject({ code: 'not_found' })
  expect(await get(`${id}?asOfVersion=6`)).toMatchObject({ code: 'read_model_behind' })
})

test('an item as it was at any time, found with few reads', async () => {
  const { get, reads } = appWith(upTo(40))
  for (const version of upTo(40)) {
    reads.length = 0
    expect(await get(`${id}?asOf=${timeOf(version).toISOString()}`)).toMatchObject({ version })
    const later = new Date(timeOf(version).getTime() + 999).toISOString()
    expect(await get(`${id}?asOf=${later}`)).toMatchObject({ version })
    expect(reads.length).toBeLessThanOrEqual(4)
  }
  expect(await get(`${id}?asOf=${timeOf(0).toISOString()}`)).toMatchObject({ code: 'not_found' })
  expect(await get(`${crypto.randomUUID()}?asOf=${timeOf(9).toISOString()}`)).toMatchObject({
    code: 'not_found',
  })
})

test('the search for a time refuses a gap that it meets', async () => {
  const { get } = appWith([1, 2, 4])
  expect(await get(`${id}?asOf=${timeOf(3).toISOString()}`)).toMatchObject({ code: 'read_model_behind' })
})

test.each([
  ['42/history', ['id']],
  [`${id}/history?pageSize=0&minVersion=0`, ['minVersion', 'pageSize']],
  [`${id}/history?pageToken=garbage`, ['pageToken']],
  [`${id}/history?sort=version`, ['sort']],
  [`${id}?asOfVersion=0`, ['asOfVersion']],
  [`${id}?asOf=noon`, ['asOf']],
  [`${id}?asOf=2026-03-14T09:26:53Z&asOfVersion=1`, ['asOf']],
  ['42?asOfVersion=1&minVersion=1', ['minVersion', 'id']],
])('%s is invalid', async (path, fields) => {
  const { status, code, errors = [] } = (await appWith([1]).get(path)) as Problem
  expect({ status, code, fields: errors.map(({ field }) => field) }).toEqual({
    status: 400,
    code: 'invalid',
    fields,
  })
})
