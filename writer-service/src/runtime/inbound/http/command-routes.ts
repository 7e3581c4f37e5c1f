import { invalid } from '@lockstep/core/errors/app-error.ts'
import type { HttpApp, HttpVariables } from '@lockstep/core/http/app.ts'
import { MAX_REQUEST_BYTES, readJson } from '@lockstep/core/http/body.ts'
import { etagOf } from '@lockstep/core/http/etag.ts'
import type { Context } from 'hono'
import type { Aggregate, AnyCommand, CommandDefinition } from '../../aggregate.ts'
import { pathFields } from '../../command-bindings.ts'
import type { ExecuteCommand } from '../../commands/execute-command.ts'
import { idempotencyKeyOf } from '../../commands/idempotency.ts'
import { inputCheck } from '../command-input.ts'
import { collectionPath, commandDocs, hasBody, mediaTypesOf } from './command-docs.ts'
import { expectedVersionOf } from './if-match.ts'

type Request = Context<HttpVariables>

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
      const handle = handlerOf(aggregate, definition)
      app.on(definition.http.method.toUpperCase(), route.getRoutingPath(), handle)
    }
  }

  function handlerOf(aggregate: Aggregate, definition: CommandDefinition<AnyCommand>) {
    const { http } = definition
    const check = inputCheck(definition)
    const parameters = pathFields(http)
    return async (c: Request): Promise<Response> => {
      const body = hasBody(definition) ? await bodyOf(c, mediaTypesOf(http)) : {}
      const { requested, idempotencyKey } = check({
        idempotencyKey: () => idempotencyKeyOf(c.req.header('idempotency-key'), 'Idempotency-Key'),
        target: { id: c.req.param('id'), expectedVersion: () => expectedVersionOf(c.req.header('if-match')) },
        fields: () => withParameters(c, parameters, body),
      })
      const deadline = Date.now() + options.timeLimitMs
      const call = { requestId: c.get('requestId'), deadline, idempotencyKey }
      const { id, version } = await execute(aggregate, requested, call)
      if (http.status === 201) c.header('location', `${collectionPath(aggregate)}/${id}`)
      return c.json({ id, version }, http.status, { etag: etagOf(version) })
    }
  }
}

function bodyOf(c: Request, mediaTypes: readonly string[]): Promise<unknown> {
  return readJson(c.req.raw, { mediaTypes, maxBytes: MAX_REQUEST_BYTES })
}

/** The input with the parameters of the path, which the body may not repeat. */
function withParameters(c: Request, parameters: readonly string[], body: unknown): unknown {
  if (parameters.length === 0 || typeof body !== 'object' || body === null || Array.isArray(body)) return body
  const repeated = parameters.filter((name) => Object.hasOwn(body, name))
  if (repeated.length > 0) {
    throw invalid(repeated.map((field) => ({ field, message: 'is not a known field' })))
  }
  return { ...body, ...Object.fromEntries(parameters.map((name) => [name, c.req.param(name)])) }
}
