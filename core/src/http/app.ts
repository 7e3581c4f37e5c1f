import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { Histogram, type Registry } from 'prom-client'
import type { ConcurrencyLimit } from '../async/limit-concurrency.ts'
import { AppError, asAppError } from '../errors/app-error.ts'
import type { Log } from '../log/log.ts'
import { durationBuckets } from '../telemetry/metrics.ts'
import { requestIdOf } from '../telemetry/request-id.ts'
import { withSpan } from '../telemetry/tracing.ts'
import { HttpError, notCached, problemReply, type Reply } from './reply.ts'
import { checkHead, headersOf, ignoresPreconditions, type Precondition } from './request-head.ts'

/** Handles the requests of one route. What it throws becomes a problem. */
export type HttpHandler = (c: Context, requestId: string) => Reply | Promise<Reply>

/**
 * An HTTP application where every request has an id (the caller's `X-Request-Id`, or a new one), a span and metrics,
 * and every error is a problem.
 */
export type HttpApp = Pick<OpenAPIHono, 'fetch' | 'request' | 'openAPIRegistry' | 'getOpenAPI31Document'> & {
  /**
   * @param path as the router writes it: `/api/v1/products/:id`
   * @param evaluates the preconditions that the handler evaluates; a request with another one is refused
   */
  on: (method: string, path: string, handler: HttpHandler, evaluates?: readonly Precondition[]) => void
}

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

  const serve =
    (route: string, handler: HttpHandler, evaluates: readonly Precondition[]) => async (c: Context) => {
      const startedAt = performance.now()
      const { method } = c.req
      const { traceparent: parent, tracestate, 'x-request-id': given } = headersOf(c) as TextHeaders
      const requestId = requestIdOf(given)
      const { status, body, headers } = await withSpan(
        `${method} ${route}`,
        { kind: 'server', parent, tracestate, requestId },
        async (add) => {
          const reply = await answer(handler, c, requestId, evaluates)
          add({
            'http.request.method': method,
            'http.route': route,
            'http.response.status_code': reply.status,
          })
          return reply
        },
      )
      duration.observe({ method, route, status }, (performance.now() - startedAt) / 1_000)
      return new Response(body, { status, headers: { ...notCached, ...headers, 'x-request-id': requestId } })
    }

  async function answer(
    handler: HttpHandler,
    c: Context,
    requestId: string,
    evaluates: readonly Precondition[],
  ): Promise<Reply> {
    try {
      checkHead(c, evaluates)
      return await admit(async () => handler(c, requestId))
    } catch (thrown) {
      const error = asAppError(thrown)
      if (error.kind === 'internal') log.error({ err: thrown }, 'unexpected error')
      return problemReply(error, { target: targetOf(c.req.url), requestId })
    }
  }

  const hono = new OpenAPIHono()
  hono.notFound((c) => {
    const { route, allow } = otherMethods(hono, c.req.path)
    const refuse = () => {
      if (allow.length === 0) throw new AppError('not_found', `There is nothing at ${c.req.path}`)
      throw new HttpError('method_not_allowed', `${c.req.path} takes ${allow}`, { allow })
    }
    return serve(route, refuse, ignoresPreconditions)(c)
  })
  const { fetch, request, openAPIRegistry, getOpenAPI31Document } = hono
  return {
    fetch,
    request,
    openAPIRegistry,
    getOpenAPI31Document,
    on: (method, path, handler, evaluates = []) =>
      void hono.on(method.toUpperCase(), path, serve(path, handler, evaluates)),
  }
}

/** Node joins or drops repeated ones, so that each of these is one text; a list is joined. */
type TextHeaders = Partial<Record<'traceparent' | 'tracestate' | 'x-request-id', string>>

/** The path and the query, as they are in the URL. */
export function targetOf(url: string): string {
  return url.slice(url.indexOf('/', url.indexOf('://') + 3))
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
