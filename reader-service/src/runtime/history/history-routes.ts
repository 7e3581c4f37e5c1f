import { createRoute, z } from '@hono/zod-openapi'
import type { HttpApp } from '@lockstep/core/http/app.ts'
import { problemResponses } from '@lockstep/core/http/problem-openapi.ts'
import { jsonReply } from '@lockstep/core/http/reply.ts'
import { queryParameters, wholeNumber } from '../inbound/http-routes.ts'
import { id } from '../inbound/route-docs.ts'
import type { QueryDefinitions } from '../queries/definition.ts'
import { MAX_PAGE_SIZE } from '../queries/requests.ts'
import type { HistoryQuery } from './history-queries.ts'

type Documented = Pick<QueryDefinitions, 'schema' | 'tag' | 'get'>

/** The HTTP route of one history: the path of the item with `/history`. */
export function historyRoute(app: HttpApp, of: Documented, query: HistoryQuery): void {
  const route = routeOf(of)
  app.openAPIRegistry.registerPath(route)
  app.on('get', route.getRoutingPath(), async ({ req }) => {
    const { values, violations } = queryParameters(req.url, ['minVersion', 'pageSize', 'pageToken'])
    const { items, nextPageToken } = await query(
      {
        id: req.param('id') ?? '',
        minVersion: wholeNumber(values['minVersion']),
        pageSize: wholeNumber(values['pageSize']),
        pageToken: values['pageToken'] ?? '',
      },
      { violations },
    )
    return jsonReply({ items, ...(nextPageToken !== '' && { nextPageToken }) })
  })
}

function routeOf({ schema, tag, get: { path, noun } }: Documented) {
  const value = z.unknown().openapi({ description: 'null if there was no value' })
  const change = z.strictObject({
    field: z.string().openapi({ example: 'priceCents' }),
    from: value,
    to: value,
  })
  const entry = z
    .strictObject({
      version: z.int().min(1).openapi({ example: 3 }),
      type: z.enum(['created', 'updated', 'deleted']),
      changes: z.array(change.openapi(`${schema}Change`)),
      occurredAt: z.iso.datetime({ precision: 3 }).openapi({ example: '2026-03-15T10:00:00.000Z' }),
      requestId: z.string().optional().openapi({
        description: 'Of the command; absent for events of releases that did not record it',
      }),
    })
    .openapi(`${schema}HistoryEntry`)
  return createRoute({
    method: 'get',
    tags: [tag],
    path: `${path}/history`,
    operationId: `list${schema}History`,
    summary: `List the history of a ${noun}`,
    description:
      `Each change of the ${noun}, newest first, also after its deletion. The times that every change sets are not ` +
      'listed. With `minVersion` the answer waits, for a second at most, until the history has that version.',
    request: {
      params: z.object({ id }),
      query: z.object({
        minVersion: z.int().min(1).optional().openapi({ example: 1 }),
        pageSize: z.int().min(1).max(MAX_PAGE_SIZE).default(20).optional(),
        pageToken: z
          .string()
          .optional()
          .openapi({ description: '`nextPageToken` of the page before, with the same id' }),
      }),
    },
    responses: {
      200: {
        description: 'One page',
        content: {
          'application/json': {
            schema: z
              .strictObject({
                items: z.array(entry),
                nextPageToken: z.string().optional().openapi({ description: 'Absent on the last page' }),
              })
              .openapi(`${schema}History`),
          },
        },
      },
      ...problemResponses([
        'invalid',
        'not_found',
        'internal',
        'overloaded',
        'unavailable',
        'read_model_behind',
        'deadline_exceeded',
      ]),
    },
  })
}
