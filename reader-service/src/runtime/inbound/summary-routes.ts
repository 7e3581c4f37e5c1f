import { createRoute, z } from '@hono/zod-openapi'
import type { HttpApp } from '@lockstep/core/http/app.ts'
import { problemResponses } from '@lockstep/core/http/problem-openapi.ts'
import { jsonReply } from '@lockstep/core/http/reply.ts'
import type { ListDefinition, QueryDefinitions } from '../queries/definition.ts'
import { MAX_COUNT, type ReadModelQueries } from '../queries/read-model-queries.ts'
import { DEFAULT_TOP, MAX_TOP, topFilters } from '../queries/requests.ts'
import { filterValues, queryParameters, wholeNumber } from './http-routes.ts'
import { filterSchemas, itemSchema } from './route-docs.ts'

/** The HTTP routes of counts and top lists. */
export function summaryRoutes(
  app: HttpApp,
  definitions: QueryDefinitions,
  queries: Pick<ReadModelQueries, 'counts' | 'topsEncoded'>,
): void {
  for (const [name, list] of Object.entries(definitions.lists)) {
    const { filters, count, top } = list
    if (count) {
      const route = countRoute(definitions, list, count)
      app.openAPIRegistry.registerPath(route)
      app.on('get', route.getRoutingPath(), async ({ req }) => {
        const { values, violations } = queryParameters(req.url, Object.keys(filters))
        return jsonReply(await queries.counts[name]!(filterValues(filters, values), { violations }))
      })
    }
    if (top) {
      const route = topRoute(definitions, list, top)
      app.openAPIRegistry.registerPath(route)
      const ownFilters = topFilters(list)
      app.on('get', route.getRoutingPath(), async ({ req }) => {
        const { values, violations } = queryParameters(req.url, [...top.filters, 'by', 'limit'])
        if (values['by'] === '') violations.push({ field: 'by', message: 'must not be empty' })
        const request = {
          ...filterValues(ownFilters, values),
          by: values['by'] ?? '',
          limit: wholeNumber(values['limit']),
        }
        const { json, ageMs, document } = await queries.topsEncoded[name]!(request, { violations })
        const headers = {
          'content-type': 'application/json',
          // A cache between the caller and this server would make it older than it may be.
          'cache-control': 'no-store',
          age: String(Math.floor(ageMs / 1_000)),
          'x-document': document,
        }
        return { status: 200, body: json, headers }
      })
    }
  }
}

function countRoute(
  { schema, tag }: QueryDefinitions,
  { filters }: ListDefinition,
  { path, operationId, summary }: NonNullable<ListDefinition['count']>,
) {
  const count = z
    .strictObject({
      count: z.int().min(0).max(MAX_COUNT).openapi({ example: 42 }),
      exact: z.boolean().openapi({ description: `false if there are more than ${MAX_COUNT}` }),
    })
    .openapi(`${schema}Count`)
  return createRoute({
    method: 'get',
    tags: [tag],
    path,
    operationId,
    summary,
    description: `Exact up to ${MAX_COUNT.toLocaleString('en')}. The filters are those of the list.`,
    request: { query: z.object(filterSchemas(filters)) },
    responses: {
      200: { description: 'How many match', content: { 'application/json': { schema: count } } },
      ...problemResponses(['invalid', 'internal', 'unavailable', 'deadline_exceeded']),
    },
  })
}

function topRoute(
  definitions: QueryDefinitions,
  list: ListDefinition,
  { path, operationId, summary, by, defaultBy }: NonNullable<ListDefinition['top']>,
) {
  const top = z
    .strictObject({
      items: z.array(itemSchema(definitions)),
      madeAt: z.iso.datetime({ precision: 3 }).openapi({
        example: '2026-03-15T10:00:00.000Z',
        description: 'The items are those of this moment or of a later one',
      }),
    })
    .openapi(`Top${definitions.schema}s`)
  return createRoute({
    method: 'get',
    tags: [definitions.tag],
    path,
    operationId,
    summary,
    description:
      'The highest first. The response is a document that is made for the first request and then kept. It is never ' +
      'older than the last change by more than a second (a setting).',
    request: {
      query: z.object({
        ...filterSchemas(topFilters(list)),
        by: z
          .enum(Object.keys(by) as [string, ...string[]])
          .optional()
          .openapi({ description: `Default \`${defaultBy}\`` }),
        limit: z.int().min(1).max(MAX_TOP).default(DEFAULT_TOP).optional(),
      }),
    },
    responses: {
      200: {
        description: 'The document',
        headers: z.object({
          Age: z.string().openapi({ example: '3', description: 'Seconds since `madeAt`' }),
          'x-document': z
            .enum(['made', 'cached'])
            .openapi({ description: 'Whether it was made for this request' }),
        }),
        content: { 'application/json': { schema: top } },
      },
      ...problemResponses(['invalid', 'internal', 'unavailable', 'deadline_exceeded']),
    },
  })
}
