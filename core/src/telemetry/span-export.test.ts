import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Registry } from 'prom-client'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLog } from '../log/log.ts'
import { startTracing, withSpan } from './tracing.ts'

/** The losses of spans, with a collector that does not accept them. */
let collector: Server
let endpoint: string
let status: number
beforeEach(async () => {
  status = 400
  collector = createServer((request, response) => {
    request.resume()
    request.on('end', () => response.writeHead(status).end('{}'))
  })
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve))
  endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`
})
afterEach(() => {
  collector.closeAllConnections()
  collector.close()
})

async function dropped(spans: number) {
  const metrics = new Registry()
  const lines: string[] = []
  const log = createLog({ service: 'test', level: 'warn' }, { write: (line) => void lines.push(line) })
  const tracing = startTracing({ service: 'test', endpoint, ratio: 1, maxPerSecond: 1_000_000, log, metrics })
  for (let n = 0; n < spans; n++) void withSpan('work', {}, async () => {})
  await new Promise(setImmediate)
  await tracing[Symbol.asyncDispose]()
  const counts = async () => {
    const values = (await metrics.getSingleMetric('trace_spans_dropped_total')?.get())?.values ?? []
    return Object.fromEntries(values.map(({ labels, value }) => [labels['reason'], value]))
  }
  return { lines, counts }
}

test('spans that the endpoint does not accept are counted, and logged once', async () => {
  const { lines, counts } = await dropped(1_100)
  // The stop does not wait for the last of several batches that fail.
  await expect.poll(counts).toEqual({ queue_full: 0, export_failed: 1_100 })
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain('spans are dropped')
})

test('spans for which the queue has no room are counted', async () => {
  status = 200
  const { lines, counts } = await dropped(3_000)
  expect(await counts()).toMatchObject({ export_failed: 0, queue_full: expect.toSatisfy((n) => n > 0) })
  expect(lines).toHaveLength(1)
})

test('nothing is dropped, or logged, while the endpoint accepts all spans', async () => {
  status = 200
  const { lines, counts } = await dropped(100)
  expect([lines, await counts()]).toEqual([[], { queue_full: 0, export_failed: 0 }])
})
