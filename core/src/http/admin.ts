import { Hono } from 'hono'
import type { Registry } from 'prom-client'
import { AppError } from '../errors/app-error.ts'
import { requestIdOf } from '../telemetry/request-id.ts'
import { targetOf } from './app.ts'
import { notCached, problemReply } from './reply.ts'

/**
 * The admin application: `/live` (the process responds; checks no dependency), `/ready` (200 if it can do
 * its work, 503 with the reason otherwise) and `/metrics` (Prometheus text).
 */
export function adminApp(options: {
  metrics: Registry
  draining: AbortSignal
  /** Rejects if a dependency that the service needs does not respond. */
  checkReady: () => Promise<void>
}): Hono {
  const app = new Hono()
  app.get('/live', (c) => c.json({ status: 'live' }, 200, notCached))
  app.get('/ready', async (c) => {
    if (options.draining.aborted) return c.json({ status: 'stopping' }, 503, notCached)
    try {
      await options.checkReady()
      return c.json({ status: 'ready' }, 200, notCached)
    } catch (error) {
      return c.json({ status: 'not ready', reason: (error as Error).message }, 503, notCached)
    }
  })
  app.get('/metrics', async (c) =>
    c.text(await options.metrics.metrics(), 200, {
      'content-type': options.metrics.contentType,
      ...notCached,
    }),
  )
  app.notFound((c) => {
    const error = new AppError('not_found', `There is nothing at ${c.req.path}`)
    const requestId = requestIdOf(c.req.header('x-request-id'))
    const { status, body, headers } = problemReply(error, { target: targetOf(c.req.url), requestId })
    return new Response(body, { status, headers: { ...headers, 'x-request-id': requestId } })
  })
  return app
}
