import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Span,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'

/** Undefined while no spans are recorded. */
let tracing: { tracer: Tracer; ratio: number } | undefined

/**
 * Sends the spans of this process to an OTLP endpoint in the background. Without an endpoint, no spans are recorded. If
 * the endpoint is unavailable, only the spans are lost.
 *
 * @param options.ratio the share of the traces that start here that is recorded; a caller's decision takes precedence
 */
export function startTracing(options: { service: string; endpoint: string; ratio: number }): AsyncDisposable {
  if (options.endpoint === '') return { [Symbol.asyncDispose]: async () => {} }
  const exporter = new OTLPTraceExporter({ url: `${options.endpoint}/v1/traces`, timeoutMillis: 2_000 })
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': options.service }),
    spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: 1_000 })],
  })
  tracing = { tracer: provider.getTracer('lockstep'), ratio: options.ratio }
  return {
    [Symbol.asyncDispose]: async () => {
      tracing = undefined
      // An unavailable collector must not turn a clean stop into a failed one.
      await provider.shutdown().catch(() => {})
    },
  }
}

type Trace = Pick<Span, 'spanContext'>

/** What the current code works for: one store for all of it, because each store costs every request time. */
type Work = { requestId: string | undefined; trace: Trace | undefined }

const current = new AsyncLocalStorage<Work>()

export const currentWork = (): Work | undefined => current.getStore()

export type SpanOptions = {
  kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer'
  attributes?: Attributes
  /** W3C traceparent of the parent span. Default: the active span. */
  parent?: string | undefined
  /** The request that the work is for. Default: that of the active span. */
  requestId?: string
}

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const

/**
 * Runs `work` inside a span. An error marks the span as failed and is rethrown. Work of a trace that is not recorded gets
 * no span, so that it costs nothing.
 */
export function withSpan<T>(
  name: string,
  options: SpanOptions,
  work: (span?: Span) => Promise<T>,
): Promise<T> {
  const outer = current.getStore()
  const requestId = options.requestId ?? outer?.requestId
  const parent = options.parent === undefined ? outer?.trace : remoteTrace(options.parent)
  if (!tracing)
    return requestId === outer?.requestId ? work() : current.run({ requestId, trace: undefined }, work)
  if (!isRecorded(parent, tracing.ratio)) {
    const unrecorded = parent ?? new UnrecordedTrace()
    if (unrecorded === outer?.trace && requestId === outer.requestId) return work()
    return current.run({ requestId, trace: unrecorded }, work)
  }
  const settings = { kind: kinds[options.kind ?? 'internal'], attributes: options.attributes }
  const context = parent ? trace.setSpanContext(ROOT_CONTEXT, parent.spanContext()) : ROOT_CONTEXT
  const span = tracing.tracer.startSpan(name, settings, context)
  return current.run({ requestId, trace: span }, ended, span, work)
}

async function ended<T>(span: Span, work: (span: Span) => Promise<T>): Promise<T> {
  try {
    return await work(span)
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) })
    throw error
  } finally {
    span.end()
  }
}

function isRecorded(parent: Trace | undefined, ratio: number): boolean {
  if (parent instanceof UnrecordedTrace) return false
  return parent ? (parent.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0 : Math.random() < ratio
}

/** A trace that starts here and is not recorded. Its ids exist only once an event or a line of the log needs them. */
class UnrecordedTrace implements Trace {
  #ids: SpanContext | undefined
  spanContext(): SpanContext {
    const hex = () => randomUUID().replaceAll('-', '')
    return (this.#ids ??= { traceId: hex(), spanId: hex().slice(16), traceFlags: TraceFlags.NONE })
  }
}

/** Undefined if the text is no traceparent (https://www.w3.org/TR/trace-context/#traceparent-header). */
function remoteTrace(traceparent: string): Trace | undefined {
  const [, traceId, spanId, flags] = traceparentPattern.exec(traceparent) ?? []
  if (!traceId || !spanId || !flags) return undefined
  const context = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
  return { spanContext: () => context }
}

const traceparentPattern =
  /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?:$|-)/

/** The W3C traceparent of the active span, to pass on with the work. */
export function currentTraceparent(): string | undefined {
  const context = current.getStore()?.trace?.spanContext()
  if (!context) return undefined
  return `00-${context.traceId}-${context.spanId}-0${context.traceFlags & TraceFlags.SAMPLED}`
}
