import { randomUUID } from 'node:crypto'
import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { matchedRoutes } from 'hono/route'
import { Histogram, type Registry } from 'prom-client'
import type { ConcurrencyLimit } from '../async/limit-concurrency.ts'
import { AppError, asAppError } from '../errors/app-error.ts'
import { requestContext, type Log } from '../log/log.ts'
import { durationBuckets } from '../telemetry/metrics.ts'
import { withSpan } from '../telemetry/tracing.ts'
import { problemResponse } from './problem.ts'

export type HttpVariables = { Variables: { requestId: string } }
export type HttpApp = OpenAPIHono<HttpVariables>

const requestIdPattern = /^[\w.-]{1,128}$/

/**
 * An HTTP application where every request has an id (the caller's `X-Request-Id`, or a new one), a span and metrics,
 * and every error is a problem. A check of the caller's identity belongs here, before any handler.
 */
export function createHttpApp(options: { log: Log; metrics: Registry; admit: ConcurrencyLimit }): HttpApp {
  const duration = new Histogram({
    name: 'http_server_request_duration_seconds',
    help: 'Time from the first byte of a request to its response',
    labelNames: ['method', 'route', 'status'],
    buckets: durationBuckets,
    registers: [options.metrics],
  })

  const app: HttpApp = new OpenAPIHono<HttpVariables>()
  app.use(async (c, next) => {
    const end = duration.startTimer()
    const given = c.req.header('x-request-id')
    const requestId = given !== undefined && requestIdPattern.test(given) ? given : randomUUID()
    c.set('requestId', requestId)
    const parent = c.req.header('traceparent')
    const route = routeOf(c)
    await requestContext.run({ requestId }, () =>
      withSpan(`${c.req.method} ${route}`, { kind: 'server', parent }, async (span) => {
        await next()
        span.setAttributes({
          'http.request.method': c.req.method,
          'http.route': route,
          'http.response.status_code': c.res.status,
        })
      }),
    )
    c.res.headers.set('x-request-id', requestId)
    end({ method: c.req.method, route, status: c.res.status })
  })
  app.use((_, next) => options.admit(next))
  app.onError((thrown, c) => problemFor(thrown, c, options.log))
  app.notFound((c) =>
    problemFor(new AppError('not_found', `There is nothing at ${c.req.path}`), c, options.log),
  )
  return app
}

/** Responds with `method_not_allowed` on every path that has other methods. Call it after the last route. */
export function refuseOtherMethods(app: HttpApp): void {
  const methods = new Map<string, Set<string>>()
  for (const { path, method } of app.routes) {
    if (method === 'ALL') continue
    const allowed = methods.get(path) ?? new Set()
    methods.set(path, allowed.add(method))
    if (method === 'GET') allowed.add('HEAD')
  }
  for (const [path, allowed] of methods) {
    const allow = [...allowed].toSorted().join(', ')
    app.all(path, (c) => {
      const error = new AppError('method_not_allowed', `${c.req.path} takes ${allow}`)
      return problemResponse(error, { path: c.req.path, requestId: c.get('requestId') }, { allow })
    })
  }
}

function routeOf(c: Context): string {
  // Middleware is registered under '/*': the last match is the route itself.
  const path = matchedRoutes(c).at(-1)?.path
  return path === undefined || path === '/*' ? 'unmatched' : path
}

function problemFor(thrown: unknown, c: Context<HttpVariables>, log: Log): Response {
  const error = asAppError(thrown)
  if (error.kind === 'internal') log.error({ err: thrown }, 'unexpected error')
  return problemResponse(error, { path: c.req.path, requestId: c.get('requestId') })
}
