import { AppError, type FieldViolation } from '@lockstep/core/errors/app-error.ts'
import type { HttpApp, HttpHandler } from '@lockstep/core/http/app.ts'
import { entityTagsOf, matchHas, noneMatchHas } from '@lockstep/core/http/entity-tags.ts'
import { etagOf } from '@lockstep/core/http/reply.ts'
import { headersOf } from '@lockstep/core/http/request-head.ts'
import type { Filters } from '../queries/definition.ts'
import type { ReadModelQueries } from '../queries/read-model-queries.ts'
import type { DocumentReadModel } from '../read-model.ts'
import { routeDocs } from './route-docs.ts'

const pastNames = ['asOfVersion', 'asOf'] as const

/** The HTTP routes of one read model. */
export function queryRoutes(
  app: HttpApp,
  { queries: definitions, items }: Pick<DocumentReadModel, 'queries' | 'items'>,
  queries: ReadModelQueries,
): void {
  const { past } = queries
  const docs = routeDocs(definitions, past !== undefined)
  // Registered only for the document: app.openapi() would validate requests by its own rules.
  app.openAPIRegistry.registerPath(docs.get)
  for (const route of docs.lists.values()) app.openAPIRegistry.registerPath(route)

  const names = past ? ['minVersion', ...pastNames] : ['minVersion']
  const getItem: HttpHandler = async (c) => {
    const { values, violations } = queryParameters(c.req.url, names)
    const given = headersOf(c)
    const match = entityTagsOf(given['if-match'], 'If-Match', violations)
    const noneMatch = entityTagsOf(given['if-none-match'], 'If-None-Match', violations)
    const id = c.req.param('id') ?? ''
    const { minVersion, asOfVersion, asOf } = values
    const ofPast = asOfVersion !== undefined || asOf !== undefined
    if (ofPast) violations.push(...exclusive(values))
    const { version, json } =
      past && ofPast
        ? await past({ id, asOfVersion: wholeNumber(asOfVersion), asOf }, { violations })
        : await queries.getEncoded({ id, minVersion: wholeNumber(minVersion) }, { violations })
    const etag = etagOf(version)
    if (match !== undefined && !matchHas(match, etag)) {
      throw new AppError('version_conflict', `The ${definitions.get.noun} is at version ${version}`)
    }
    // A cache between the caller and this server must revalidate each time; the tag makes that cheap.
    const headers = { etag, 'cache-control': 'no-cache' }
    if (noneMatch !== undefined && noneMatchHas(noneMatch, etag)) return { status: 304, body: null, headers }
    return { status: 200, body: json, headers: { 'content-type': 'application/json', ...headers } }
  }
  app.on('get', docs.get.getRoutingPath(), getItem, ['if-match', 'if-none-match'])

  for (const [name, route] of docs.lists) {
    const { filters } = definitions.lists[name]!
    const ofList = [...Object.keys(filters), 'sort', 'pageSize', 'pageToken']
    app.on('get', route.getRoutingPath(), async ({ req }) => {
      const { values, violations } = queryParameters(req.url, ofList)
      if (values['sort'] === '') violations.push({ field: 'sort', message: 'must not be empty' })
      const request = {
        ...filterValues(filters, values),
        sort: values['sort'] ?? '',
        pageSize: wholeNumber(values['pageSize']),
        pageToken: values['pageToken'] ?? '',
      }
      const page = await queries.lists[name]!(request, { violations })
      const next = page.nextPageToken === '' ? '' : `,"nextPageToken":${JSON.stringify(page.nextPageToken)}`
      const body = `{"items":[${page.items.map(items.encode).join(',')}]${next}}`
      return { status: 200, body, headers: { 'content-type': 'application/json' } }
    })
  }
}

function exclusive(values: Readonly<Record<string, string | undefined>>): FieldViolation[] {
  const [, ...others] = ['asOfVersion', 'asOf', 'minVersion'].filter((name) => values[name] !== undefined)
  return others.map((field) => ({
    field,
    message: 'must be the only one of asOfVersion, asOf and minVersion',
  }))
}

export function filterValues(filters: Filters, values: Readonly<Record<string, string | undefined>>) {
  return Object.fromEntries(
    Object.entries(filters).map(([name, { kind }]) => [
      name,
      kind === 'text' ? (values[name] ?? '') : wholeNumber(values[name]),
    ]),
  )
}

/**
 * The query parameters of a request. A parameter that is unknown or repeated is a violation: a caller who misspells a
 * filter must not get everything.
 */
export function queryParameters(
  url: string,
  names: readonly string[],
): { values: Readonly<Record<string, string | undefined>>; violations: FieldViolation[] } {
  const values: Record<string, string> = {}
  const violations: FieldViolation[] = []
  const query = url.indexOf('?')
  if (query < 0) return { values, violations }
  const given = new URLSearchParams(url.slice(query))
  for (const field of new Set(given.keys())) {
    const [value, ...more] = given.getAll(field)
    if (!names.includes(field)) violations.push({ field, message: 'is not a parameter of this request' })
    else if (more.length > 0) violations.push({ field, message: 'must be given once' })
    else values[field] = value!
  }
  return { values, violations }
}

/** NaN if the text is not a whole number in decimal digits; undefined stays undefined. */
export function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  return /^\d+$/.test(text) ? Number(text) : NaN
}
