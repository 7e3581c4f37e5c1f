import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { BatchSpanProcessor, type SpanExporter, type SpanProcessor } from '@opentelemetry/sdk-trace-node'
import { Counter, type Registry } from 'prom-client'
import type { Log } from '../log/log.ts'

/**
 * Sends recorded spans to an OTLP endpoint in batches. The SDK drops spans without a word when its queue is full or the
 * endpoint fails, so this counts what it holds.
 */

/** Spans that wait for the endpoint: with more, new ones are dropped. */
const MAX_QUEUED = 2_048

type Dropped = Counter<'reason'>

export function droppedSpans(metrics: Registry): Dropped {
  const counter = new Counter({
    name: 'trace_spans_dropped_total',
    help: 'Spans that did not reach the OTLP endpoint: the queue was full, or the endpoint did not accept them',
    labelNames: ['reason'],
    registers: [metrics],
  })
  for (const reason of ['queue_full', 'export_failed']) counter.inc({ reason }, 0)
  return counter
}

/** Logs the first loss of the process; the metric counts all of them. */
export function spanExport(options: { url: string; dropped: Dropped; log: Log }): SpanProcessor {
  const otlp = new OTLPTraceExporter({ url: options.url, timeoutMillis: 2_000 })
  let queued = 0
  let logged = false

  const drop = (reason: 'queue_full' | 'export_failed', count: number, err?: Error) => {
    options.dropped.inc({ reason }, count)
    if (logged) return
    logged = true
    const text = 'spans are dropped; trace_spans_dropped_total counts them, and this message is logged once'
    options.log.warn({ err, reason }, text)
  }

  const exporter: SpanExporter = {
    export: (spans, done) => {
      queued -= spans.length
      otlp.export(spans, (result) => {
        if (result.error !== undefined) drop('export_failed', spans.length, result.error)
        done(result)
      })
    },
    shutdown: () => otlp.shutdown(),
    forceFlush: () => otlp.forceFlush(),
  }
  const batches = new BatchSpanProcessor(exporter, { scheduledDelayMillis: 1_000, maxQueueSize: MAX_QUEUED })
  return {
    onStart: () => {},
    onEnd: (span) => {
      if (queued >= MAX_QUEUED) return drop('queue_full', 1)
      queued++
      batches.onEnd(span)
    },
    shutdown: () => batches.shutdown(),
    forceFlush: () => batches.forceFlush(),
  }
}
