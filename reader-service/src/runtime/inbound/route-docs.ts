import { createRoute, z } from '@hono/zod-openapi'
import { problemResponses } from '@lockstep/core/http/problem-openapi.ts'
import type {
  Filters,
  GetDefinition,
  ListDefinition,
  NumberFilter,
  QueryDefinitions,
} from '../queries/definition.ts'
import { MAX_PAGE_SIZE, sortNames } from '../queries/requests.ts'

/** The id in the path of an item. */
export const id = z.string().openapi({ format: 'uuid', example: '0198c0de-7a11-7c0d-8000-5eed0000cafe' })

const etag = z.string().openapi({ example: '"3"', description: 'The version' })

/** One tag or several, or `*` for any version. */
const entityTags = z
  .string()
  .regex(/^(\*|(W\/)?"[!#-~]*"(, *(W\/)?"[!#-~]*")*)$/)
  .optional()

/** The OpenAPI text of a read model's routes. Requests are validated by `queries/requests.ts`, for every protocol. */
export function routeDocs(definitions: QueryDefinitions, withPast: boolean) {
  const { schema, tag, get, lists } = definitions
  const item = itemSchema(definitions)
  const page = z
    .strictObject({
      items: z.array(item),
      nextPageToken: z.string().optional().openapi({ description: 'Absent on the last page' }),
    })
    .openapi(`${schema}Page`)
  return {
    get: getRoute(get, tag, item, withPast),
    lists: new Map(Object.entries(lists).map(([name, list]) => [name, listRoute(name, list, tag, page)])),
  }
}

export function itemSchema({ schema, fields, get }: QueryDefinitions) {
  const version = z
    .int()
    .min(1)
    .openapi({ example: 3, description: `Counts the changes of this ${get.noun}` })
  return z.strictObject({ id, version, ...fields }).openapi(schema)
}

/** The filters with these names. */
export function filterSchemas(filters: Filters): Record<string, z.ZodOptional> {
  return Object.fromEntries(
    Object.entries(filters).map(([name, filter]) => [
      name,
      (filter.kind === 'text' ? filter.schema : numberSchema(filter)).optional(),
    ]),
  )
}

function getRoute(
  { path, operationId, summary, noun }: GetDefinition,
  tag: string,
  item: z.ZodType,
  withPast: boolean,
) {
  const past = {
    asOfVersion: z
      .int()
      .min(1)
      .optional()
      .openapi({ example: 1, description: `The ${noun} as it was at this version` }),
    asOf: z.iso
      .datetime({ offset: true })
      .optional()
      .openapi({ example: '2026-03-15T10:00:00.000Z', description: `The ${noun} as it was at this time` }),
  }
  return createRoute({
    method: 'get',
    tags: [tag],
    path,
    operationId,
    summary,
    description:
      'With `minVersion` the answer waits, for a second at most, until the read model has that version: pass ' +
      'the version that a command answered to read your own write.' +
      (withPast
        ? ' `asOfVersion` waits in the same way; 404 if it did not exist at that version or time.'
        : ''),
    request: {
      params: z.object({ id }),
      query: z.object({
        minVersion: z
          .int()
          .min(1)
          .optional()
          .openapi({ example: 1, description: 'The least version to answer' }),
        ...(withPast && past),
      }),
      headers: z.object({
        'if-match': entityTags.openapi({ example: '"3"', description: '412 unless this is the version' }),
        'if-none-match': entityTags.openapi({ example: '"3"', description: '304 if this is the version' }),
      }),
    },
    responses: {
      200: {
        description: `The ${noun}`,
        headers: z.object({ ETag: etag }),
        content: { 'application/json': { schema: item } },
      },
      304: { description: 'The caller has this version', headers: z.object({ ETag: etag }) },
      ...problemResponses([
        'malformed',
        'invalid',
        'not_found',
        'version_conflict',
        'internal',
        'overloaded',
        'unavailable',
        'read_model_behind',
        'deadline_exceeded',
      ]),
    },
  })
}

function listRoute(operationId: string, list: ListDefinition, tag: string, page: z.ZodType) {
  const names = Object.keys(list.filters).map((name) => `\`${name}\``)
  return createRoute({
    method: 'get',
    tags: [tag],
    path: list.path,
    operationId,
    summary: list.summary,
    description: list.description,
    request: {
      query: z.object({
        ...filterSchemas(list.filters),
        sort: z
          .enum(sortNames(list) as [string, ...string[]])
          .optional()
          .openapi({ description: sortText(list) }),
        pageSize: z.int().min(1).max(MAX_PAGE_SIZE).default(20).optional(),
        pageToken: z
          .string()
          .optional()
          .openapi({
            description: `\`nextPageToken\` of the page before, with the same ${new Intl.ListFormat('en').format([...names, '`sort`'])}`,
          }),
      }),
    },
    responses: {
      200: { description: 'One page', content: { 'application/json': { schema: page } } },
      ...problemResponses(['malformed', 'invalid', 'internal', 'unavailable', 'deadline_exceeded']),
    },
  })
}

function sortText({ sorts, defaultSort }: ListDefinition): string {
  const refused = Object.entries(sorts).flatMap(([name, { notWith = [] }]) =>
    notWith.map((filter) => ` \`${name}\` is refused with \`${filter}\`.`),
  )
  return `With a \`-\`, the highest first; equal ones are ordered by id. Default \`${defaultSort}\`.${refused.join('')}`
}

function numberSchema({ min, max, description, example }: NumberFilter) {
  const schema = z.int().min(min)
  return (max === undefined ? schema : schema.max(max)).openapi({ description, example })
}
