import { v7 as uuidv7 } from 'uuid'
import type { Context } from 'hono'
import { invalid } from '@lockstep/core/errors/app-error.ts'
import type { HttpApp, HttpVariables } from '@lockstep/core/http/app.ts'
import { readJson } from '@lockstep/core/http/body.ts'
import type { ExecuteCommand } from '../../app/execute-command.ts'
import {
  newProduct,
  parseInput,
  productChanges,
  productDetails,
  productTarget,
} from '../../app/product-input.ts'
import type { ProductCommand } from '../../domain/product.ts'
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
  const run = (command: ProductCommand) => execute(command, Date.now() + options.timeLimitMs)

  app.openAPIRegistry.registerPath(createProductRoute)
  app.post(createProductRoute.getRoutingPath(), async (c) => {
    refuseIdempotencyKey(c)
    const { id = uuidv7(), ...details } = parseInput(newProduct, await body(c, ['application/json']))
    const result = await run({ type: 'create', id, details })
    return c.json(result, 201, {
      location: `${createProductRoute.path}/${result.id}`,
      etag: etagOf(result.version),
    })
  })

  app.openAPIRegistry.registerPath(replaceProductRoute)
  app.put(replaceProductRoute.getRoutingPath(), async (c) => {
    const target = targetOf(c)
    const changes = parseInput(productDetails, await body(c, ['application/json']))
    return answer(c, await run({ type: 'update', ...target, changes }))
  })

  app.openAPIRegistry.registerPath(patchProductRoute)
  app.patch(patchProductRoute.getRoutingPath(), async (c) => {
    const target = targetOf(c)
    const changes = parseInput(productChanges, await body(c, patchMediaTypes))
    return answer(c, await run({ type: 'update', ...target, changes }))
  })

  app.openAPIRegistry.registerPath(deleteProductRoute)
  app.delete(deleteProductRoute.getRoutingPath(), async (c) =>
    answer(c, await run({ type: 'delete', ...targetOf(c) })),
  )
}

function targetOf(c: Request): { id: string; expectedVersion: number | undefined } {
  refuseIdempotencyKey(c)
  const { id } = parseInput(productTarget, { id: c.req.param('id') })
  return { id, expectedVersion: expectedVersionOf(c.req.header('if-match')) }
}

function body(c: Request, mediaTypes: readonly string[]): Promise<unknown> {
  return readJson(c.req.raw, { mediaTypes, maxBytes: MAX_BODY_BYTES })
}

function answer(c: Request, result: { id: string; version: number }): Response {
  return c.json(result, 200, { etag: etagOf(result.version) })
}

/** A key that were ignored would promise what is not kept. */
function refuseIdempotencyKey(c: Request): void {
  if (c.req.header('idempotency-key') === undefined) return
  throw invalid([{ field: 'Idempotency-Key', message: 'is not supported; send the command without it' }])
}
