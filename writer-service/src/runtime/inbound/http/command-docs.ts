import { createRoute, z } from '@hono/zod-openapi'
import type { ErrorCode } from '@lockstep/core/errors/app-error.ts'
import { problemDocs } from '@lockstep/core/http/problem-openapi.ts'
import type { Aggregate, AnyCommand, CommandDefinition, HttpBinding } from '../../aggregate.ts'
import { creates, pathFields, bodySchema } from '../command-input.ts'
import { idempotencyKeyPattern } from '../../commands/idempotency.ts'

/** The OpenAPI description of the commands, derived from the tables of commands. */

const exampleId = '0196a8c4-6d1e-7c3a-9f52-3f6f1f0a4b11'

const idParam = z.object({ id: z.string().meta({ format: 'uuid', example: exampleId }) })

const idempotencyKey = z.object({
  'Idempotency-Key': z.string().regex(idempotencyKeyPattern).optional().meta({
    description:
      'Makes the command safe to repeat: within a day, a request with the same key gets the stored result, and the command takes effect once.',
    example: '0196a8c4-9b1c-7d5e-8a37-0c2f8e6f7a10',
  }),
})

const result = z
  .object({ id: z.string().meta({ format: 'uuid' }), version: z.int().min(1) })
  .meta({ example: { id: exampleId, version: 1 } })

const everyCommand: ErrorCode[] = [
  'malformed',
  'invalid',
  'idempotency_mismatch',
  'internal',
  'overloaded',
  'unavailable',
  'outcome_unknown',
  'deadline_exceeded',
]
const withBody: ErrorCode[] = ['request_timeout', 'too_large', 'unsupported_media_type']

export const collectionPath = ({ collection }: Aggregate) => `/api/v1/${collection}`

/** Both media types of a PATCH body are read as a merge patch (RFC 7396) without nulls. */
export const mediaTypesOf = ({ method }: HttpBinding): string[] =>
  method === 'patch' ? ['application/merge-patch+json', 'application/json'] : ['application/json']

/** Whether the request has a body: not if the path has all fields of the input. */
export function hasBody({ input, http }: CommandDefinition<AnyCommand>): boolean {
  const inPath = pathFields(http)
  return http.method !== 'delete' && Object.keys(input.shape).some((field) => !inPath.includes(field))
}

/** Describes one command; the document's `Problem` has the codes of all aggregates. */
export function commandDocs(aggregates: readonly Aggregate[]) {
  const problems = problemDocs(aggregates.flatMap(({ refusals }) => Object.keys(refusals)))

  return (aggregate: Aggregate, name: string, definition: CommandDefinition<AnyCommand>) => {
    const { type, collection } = aggregate
    const { http, summary, success, refusals } = definition
    const codes = [...everyCommand, ...(hasBody(definition) ? withBody : []), ...refusals]
    return createRoute({
      operationId: `${name}${capitalized(type)}`,
      method: http.method,
      path: `${collectionPath(aggregate)}${http.path === '/' ? '' : http.path}`,
      tags: [capitalized(collection)],
      summary,
      request: {
        ...(!creates(http) && { params: parametersOf(definition) }),
        headers: creates(http) ? idempotencyKey : idempotencyKey.extend(ifMatch(type)),
        ...(hasBody(definition) && { body: bodyOf(definition) }),
      },
      responses: {
        [http.status]: {
          description: success,
          headers: {
            ETag: { schema: { type: 'string' }, description: 'The version, in quotes' },
            ...(http.status === 201 && {
              Location: {
                schema: { type: 'string' },
                description: `Path of the ${type} at the HTTP API of the reader`,
              },
            }),
          },
          content: { 'application/json': { schema: result } },
        },
        ...problems(creates(http) ? codes : [...codes, 'version_conflict'], {
          refusals: aggregate.refusals,
          instance: collectionPath(aggregate),
        }),
      },
    })
  }
}

const ifMatch = (type: string) => ({
  'If-Match': z
    .string()
    .regex(/^("[1-9][0-9]{0,14}"|\*)$/)
    .optional()
    .meta({
      description: `Refuse with 412 unless the ${type} has this version: \`"3"\`, or any version with \`*\``,
    }),
})

function parametersOf({ input, http }: CommandDefinition<AnyCommand>): z.ZodObject {
  return idParam.extend(Object.fromEntries(pathFields(http).map((name) => [name, input.shape[name]!])))
}

function bodyOf(definition: CommandDefinition<AnyCommand>) {
  const { http, examples } = definition
  const inPath = pathFields(http)
  const fields = Object.entries(bodySchema(definition).shape).filter(([name]) => !inPath.includes(name))
  const schema = z.strictObject(Object.fromEntries(fields))
  const named = Object.entries(examples ?? {}).map(([name, value]) => [name, { value }])
  const content = { schema, ...(named.length > 0 && { examples: Object.fromEntries(named) }) }
  return {
    required: true,
    content: Object.fromEntries(mediaTypesOf(http).map((mediaType) => [mediaType, content])),
  }
}

const capitalized = (word: string) => word.charAt(0).toUpperCase() + word.slice(1)
