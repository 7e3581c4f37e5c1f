import { createRoute, z } from '@hono/zod-openapi'
import type { HttpApp } from '@lockstep/core/http/app.ts'
import { problemResponses } from '@lockstep/core/http/problem-openapi.ts'
import { jsonReply } from '@lockstep/core/http/reply.ts'
import { queryParameters, wholeNumber } from '../inbound/http-routes.ts'
import { sortKeys, type TotalsDefinition, type TotalsQuery, type TotalsRequest } from './totals-queries.ts'

export type TotalsDocs = {
  tag: string
  path: string
  operationId: string
  summary: string
  /** The schema of an item in OpenAPI documents, for example `CategoryTotals`. */
  schema: string
  /** What `sum`, `min` and `max` are of. */
  value: string
}

/** The HTTP route of one read model of totals. */
export function totalsRoute(
  app: HttpApp,
  definition: TotalsDefinition,
  docs: TotalsDocs,
  query: TotalsQuery,
): void {
  const route = routeOf(definition, docs)
  const { groupName, filter, idName } = definition
  const names = [groupName, 'sort', idName, 'minVersion']
  app.openAPIRegistry.registerPath(route)
  app.on('get', route.getRoutingPath(), async ({ req }) => {
    const { values, violations } = queryParameters(req.url, names)
    for (const field of [idName, 'sort', ...(filter.schema.safeParse('').success ? [] : [groupName])]) {
      if (values[field] === '') violations.push({ field, message: 'must not be empty' })
    }
    const minVersion = wholeNumber(values['minVersion'])
    const texts = Object.fromEntries([groupName, idName, 'sort'].map((name) => [name, values[name] ?? '']))
    return jsonReply(await query({ ...texts, minVersion } as TotalsRequest, { violations }))
  })
}

function routeOf({ groupName, filter, idName }: TotalsDefinition, docs: TotalsDocs) {
  const { tag, path, operationId, summary, schema, value } = docs
  const amount = (example: number, description: string) => z.int().min(0).openapi({ example, description })
  const item = z
    .strictObject({
      [groupName]: filter.schema,
      count: amount(3, 'How many there are'),
      sum: amount(10_470, `The sum of ${value}; exact up to 2^53 - 1`),
      min: amount(2990, `The lowest ${value}`),
      max: amount(3990, `The highest ${value}`),
    })
    .openapi(schema)
  const sorts = sortKeys.flatMap((key) => [key, `-${key}`] as const)
  return createRoute({
    method: 'get',
    tags: [tag],
    path,
    operationId,
    summary,
    description:
      `A ${groupName} without members is absent. With \`minVersion\` and \`${idName}\` the answer waits, for a second at ` +
      'most, until the totals contain that version.',
    request: {
      query: z.object({
        [groupName]: filter.schema.optional(),
        sort: z
          .enum(sorts)
          .optional()
          .openapi({ description: 'Default `name`; with a `-`, the highest first' }),
        [idName]: z.string().optional().openapi({ format: 'uuid', description: 'With `minVersion`' }),
        minVersion: z
          .int()
          .min(1)
          .optional()
          .openapi({ example: 1, description: `The least version of \`${idName}\` to answer` }),
      }),
    },
    responses: {
      200: {
        description: 'The totals',
        content: {
          'application/json': {
            schema: z
              .strictObject({
                items: z.array(item),
                asOf: z.iso.datetime({ precision: 3 }).optional().openapi({
                  example: '2026-03-15T10:00:00.000Z',
                  description:
                    'When the newest event occurred that the totals contain; absent if there is none',
                }),
              })
              .openapi(`${schema}Response`),
          },
        },
      },
      ...problemResponses([
        'invalid',
        'internal',
        'overloaded',
        'unavailable',
        'read_model_behind',
        'deadline_exceeded',
      ]),
    },
  })
}
