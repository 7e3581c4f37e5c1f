import { serve } from '@hono/node-server'
import { Hono } from 'hono'

/**
 * The strongest server that the reader could be: hono on @hono/node-server, like the reader, and the same response for
 * every id. Arguments: port, headers and body of the response.
 */
const [port, headers = '{}', body = ''] = process.argv.slice(2)
const fields = JSON.parse(headers) as Record<string, string>
const app = new Hono().get('/api/v1/products/:id', (context) => context.body(body, 200, fields))
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(port) }, () => process.send?.('ready'))
