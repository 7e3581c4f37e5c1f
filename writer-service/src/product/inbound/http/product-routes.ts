import type { Context } from 'hono'
import { checkAll } from '@lockstep/core/errors/app-error.ts'
import type { HttpApp, HttpVariables } from '@lockstep/core/http/app.ts'
import { readJson } from '@lockstep/core/http/body.ts'
import type { ExecuteCommand } from '../../app/execute-command.ts'
import { idempotencyKeyOf, type RequestedCommand } from '../../app/idempotency.ts'
import {
  newProduct,
  parseInput,
  productChanges,
  productDetails,
  productTarget,
} from '../../app/product-input.ts'
import { etagOf, expectedVersionOf } from './if-match.ts'
import {
  createProductRoute,
  deleteProductRoute,
  patchMediaTypes,
  patchProductRoute,
  replaceProductRoute,
} from './route-docs.ts'

const MAX_BODY_BYTES = 256 * 1024

type Request = Context<HttpVariables>

/** The HTTP commands. `timeLimitMs`: how long a command may try before it is given up. */
export function productRoutes(app: HttpApp, execute: ExecuteCommand, options: { timeLimitMs: number }): void {
  const run = (c: Request, command: RequestedCommand, idempotencyKey: string | undefined) =>
    execute(command, {
      requestId: c.get('requestId'),
      deadline: Date.now() + options.timeLimitMs,
      idempotencyKey,
    })

  app.openAPIRegistry.registerPath(createProductRoute)
  app.post(createProductRoute.getRoutingPath(), async (c) => {
    const given = await body(c, ['application/json'])
    const [key, { id, ...details }] = checkAll(
      () => keyOf(c),
      () => parseInput(newProduct, given),
    )
    const result = await run(c, { type: 'create', id, details }, key)
    return c.json(result, 201, {
      location: `${createProductRoute.path}/${result.id}`,
      etag: etagOf(result.version),
    })
  })

  app.openAPIRegistry.registerPath(replaceProductRoute)
  app.put(replaceProductRoute.getRoutingPath(), async (c) => {
    const given = await body(c, ['application/json'])
    const [{ key, ...target }, changes] = checkAll(
      () => targetOf(c),
      () => parseInput(productDetails, given),
    )
    return answer(c, await run(c, { type: 'update', ...target, changes }, key))
  })

  app.openAPIRegistry.registerPath(patchProductRoute)
  app.patch(patchProductRoute.getRoutingPath(), async (c) => {
    const given = await body(c, patchMediaTypes)
    const [{ key, ...target }, changes] = checkAll(
      () => targetOf(c),
      () => parseInput(productChanges, given),
    )
    return answer(c, await run(c, { type: 'update', ...target, changes }, key))
  })

  app.openAPIRegistry.registerPath(deleteProductRoute)
  app.delete(deleteProductRoute.getRoutingPath(), async (c) => {
    const { key, ...target } = targetOf(c)
    return answer(c, await run(c, { type: 'delete', ...target }, key))
  })
}

function targetOf(c: Request) {
  const [key, { id }, expectedVersion] = checkAll(
    () => keyOf(c),
    () => parseInput(productTarget, { id: c.req.param('id') }),
    () => expectedVersionOf(c.req.header('if-match')),
  )
  return { key, id, expectedVersion }
}

function keyOf(c: Request): string | undefined {
  return idempotencyKeyOf(c.req.header('idempotency-key'), 'Idempotency-Key')
}

function body(c: Request, mediaTypes: readonly string[]): Promise<unknown> {
  return readJson(c.req.raw, { mediaTypes, maxBytes: MAX_BODY_BYTES })
}

function answer(c: Request, result: { id: string; version: number }): Response {
  return c.json(result, 200, { etag: etagOf(result.version) })
}
