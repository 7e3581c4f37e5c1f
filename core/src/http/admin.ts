import { Hono } from 'hono'
import type { Registry } from 'prom-client'

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
  app.get('/live', (c) => c.json({ status: 'live' }))
  app.get('/ready', async (c) => {
    if (options.draining.aborted) return c.json({ status: 'stopping' }, 503)
    try {
      await options.checkReady()
      return c.json({ status: 'ready' })
    } catch (error) {
      return c.json({ status: 'not ready', reason: (error as Error).message }, 503)
    }
  })
  app.get('/metrics', async (c) =>
    c.text(await options.metrics.metrics(), 200, { 'content-type': options.metrics.contentType }),
  )
  return app
}
