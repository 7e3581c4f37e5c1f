import { randomUUID } from 'node:crypto'
import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { Histogram, type Registry } from 'prom-client'
import type { ConcurrencyLimit } from '../async/limit-concurrency.ts'
import { AppError, asAppError } from '../errors/app-error.ts'
import type { Log } from '../log/log.ts'
import { durationBuckets } from '../telemetry/metrics.ts'
import { withSpan } from '../telemetry/tracing.ts'
import { problemReply, type Reply } from './reply.ts'

/** Handles the requests of one route. What it throws becomes a problem. */
export type HttpHandler = (c: Context, requestId: string) => Reply | Promise<Reply>

/**
 * An HTTP application where every request has an id (the caller's `X-Request-Id`, or a new one), a span and metrics,
 * and every error is a problem.
 */
export type HttpApp = Pick<OpenAPIHono, 'fetch' | 'request' | 'openAPIRegistry' | 'getOpenAPI31Document'> & {
  /** @param path as the router writes it: `/api/v1/products/:id` */
  on: (method: string, path: string, handler: HttpHandler) => void
}

const requestIdPattern = /^[\w.-]{1,128}$/

/**
 * A check of the caller's identity belongs into `serve`, before the handler. There is no middleware: with a single
 * handler for a route, Hono calls it directly, and a reply is turned into a Response once, with all its headers.
 */
export function createHttpApp(options: { log: Log; metrics: Registry; admit: ConcurrencyLimit }): HttpApp {
  const { log, metrics, admit } = options
  const duration = new Histogram({
    name: 'http_server_request_duration_seconds',
    help: 'Time from the first byte of a request to its response',
    labelNames: ['method', 'route', 'status'],
    buckets: durationBuckets,
    registers: [metrics],
  })

  const serve = (route: string, handler: HttpHandler) => async (c: Context) => {
    const startedAt = performance.now()
    const { method } = c.req
    const given = c.req.header('x-request-id')
    const requestId = given !== undefined && requestIdPattern.test(given) ? given : randomUUID()
    const parent = c.req.header('traceparent')
    const { status, body, headers } = await withSpan(
      `${method} ${route}`,
      { kind: 'server', parent, requestId },
      async (add) => {
        const reply = await answer(handler, c, requestId)
        add({
          'http.request.method': method,
          'http.route': route,
          'http.response.status_code': reply.status,
        })
        return reply
      },
    )
    duration.observe({ method, route, status }, (performance.now() - startedAt) / 1_000)
    return new Response(body, { status, headers: { ...headers, 'x-request-id': requestId } })
  }

  async function answer(handler: HttpHandler, c: Context, requestId: string): Promise<Reply> {
    try {
      return await admit(async () => handler(c, requestId))
    } catch (thrown) {
      const error = asAppError(thrown)
      if (error.kind === 'internal') log.error({ err: thrown }, 'unexpected error')
      return problemReply(error, { path: c.req.path, requestId })
    }
  }

  const hono = new OpenAPIHono()
  hono.notFound((c) => {
    const { route, allow } = otherMethods(hono, c.req.path)
    return serve(route, (_, requestId) => {
      if (allow.length === 0) throw new AppError('not_found', `There is nothing at ${c.req.path}`)
      const error = new AppError('method_not_allowed', `${c.req.path} takes ${allow}`)
      return problemReply(error, { path: c.req.path, requestId }, { allow })
    })(c)
  })
  const { fetch, request, openAPIRegistry, getOpenAPI31Document } = hono
  return {
    fetch,
    request,
    openAPIRegistry,
    getOpenAPI31Document,
    on: (method, path, handler) => void hono.on(method.toUpperCase(), path, serve(path, handler)),
  }
}

/** The methods that a path has, as an `Allow` header lists them, and its route. */
function otherMethods({ routes, router }: OpenAPIHono, path: string): { route: string; allow: string } {
  let route = 'unmatched'
  const allowed = new Set<string>()
  for (const method of new Set(routes.map((each) => each.method))) {
    const [, found] = router.match(method, path)[0][0]?.[0] ?? []
    if (!found) continue
    route = found.path
    allowed.add(method)
    if (method === 'GET') allowed.add('HEAD')
  }
  return { route, allow: [...allowed].toSorted().join(', ') }
}
