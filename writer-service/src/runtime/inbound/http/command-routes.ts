import { invalid } from '@lockstep/core/errors/app-error.ts'
import type { HttpApp, HttpHandler } from '@lockstep/core/http/app.ts'
import { MAX_REQUEST_BYTES, readJson, type JsonBody } from '@lockstep/core/http/body.ts'
import { etagOf, jsonReply } from '@lockstep/core/http/reply.ts'
import { headersOf } from '@lockstep/core/http/request-head.ts'
import type { Context } from 'hono'
import type { Aggregate, AnyCommand, CommandDefinition } from '../../aggregate.ts'
import { creates, pathFields, inputCheck } from '../command-input.ts'
import type { ExecuteCommand } from '../../commands/execute-command.ts'
import { idempotencyKeyOf } from '../../commands/idempotency.ts'
import type { ExpectedVersion } from '../../commands/ports.ts'
import { collectionPath, commandDocs, hasBody, mediaTypesOf } from './command-docs.ts'

/** The HTTP commands of all aggregates. `timeLimitMs`: how long a command may try before it fails. */
export function commandRoutes(
  app: HttpApp,
  aggregates: readonly Aggregate[],
  execute: ExecuteCommand,
  options: { timeLimitMs: number },
): void {
  const describe = commandDocs(aggregates)
  for (const aggregate of aggregates) {
    for (const [name, definition] of Object.entries(aggregate.commands)) {
      // Registered for the document only: app.openapi() would check requests by rules of its own.
      const route = describe(aggregate, name, definition)
      app.openAPIRegistry.registerPath(route)
      const evaluates = creates(definition.http) ? [] : (['if-match'] as const)
      app.on(definition.http.method, route.getRoutingPath(), handlerOf(aggregate, definition), evaluates)
    }
  }

  function handlerOf(aggregate: Aggregate, definition: CommandDefinition<AnyCommand>): HttpHandler {
    const { http } = definition
    const check = inputCheck(definition)
    const parameters = pathFields(http)
    const mediaTypes = hasBody(definition) ? mediaTypesOf(http) : undefined
    return async (c, requestId) => {
      const { value, violations } = mediaTypes ? await bodyOf(c, mediaTypes) : emptyBody
      const headers = headersOf(c)
      const { requested, idempotencyKey } = check({
        idempotencyKey: () =>
          idempotencyKeyOf(headers['idempotency-key'] as string | undefined, 'Idempotency-Key'),
        target: { id: c.req.param('id'), expectedVersion: () => expectedVersionOf(headers['if-match']) },
        fields: () => withParameters(c, parameters, value),
        violations,
      })
      const deadline = Date.now() + options.timeLimitMs
      const { id, version } = await execute(aggregate, requested, { requestId, deadline, idempotencyKey })
      return jsonReply({ id, version }, http.status, {
        etag: etagOf(version),
        ...(http.status === 201 && { location: `${collectionPath(aggregate)}/${id}` }),
      })
    }
  }
}

const emptyBody: JsonBody = { value: {}, violations: [] }

function bodyOf(c: Context, mediaTypes: readonly string[]): Promise<JsonBody> {
  return readJson(c, { mediaTypes, maxBytes: MAX_REQUEST_BYTES })
}

/** The input with the parameters of the path, which the body may not repeat. */
function withParameters(c: Context, parameters: readonly string[], body: unknown): unknown {
  if (parameters.length === 0 || typeof body !== 'object' || body === null || Array.isArray(body)) return body
  const repeated = parameters.filter((name) => Object.hasOwn(body, name))
  if (repeated.length > 0) {
    throw invalid(repeated.map((field) => ({ field, message: 'is not a known field' })))
  }
  return { ...body, ...Object.fromEntries(parameters.map((name) => [name, c.req.param(name)])) }
}

/**
 * The version that an `If-Match` header requires (RFC 9110, section 13.1.1): `"7"` is 7, and `*` is any version of an
 * aggregate that exists. Lists and weak tags have no meaning here and are invalid.
 */
export function expectedVersionOf(ifMatch: string | undefined): ExpectedVersion | undefined {
  if (ifMatch === undefined) return undefined
  if (ifMatch.trim() === '*') return 'any'
  const digits = /^"([1-9]\d{0,14})"$/.exec(ifMatch.trim())?.[1]
  if (digits === undefined) {
    throw invalid([{ field: 'If-Match', message: 'must be a version in quotes, like "3", or *' }])
  }
  return Number(digits)
}
