import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import {
  createTraceState,
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
import { resourceFromAttributes } from '@opentelemetry/resources'
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import type { Registry } from 'prom-client'
import type { Log } from '../log/log.ts'
import { droppedSpans, spanExport } from './span-export.ts'

/** Undefined while no spans are recorded. */
let tracing: { tracer: Tracer; startsRecorded: () => boolean } | undefined

/**
 * Sends the spans of this process to an OTLP endpoint in the background. Without an endpoint, no spans are recorded. If
 * the endpoint is unavailable, only the spans are lost: they are counted, and the log says so once.
 *
 * @param options.ratio the share of the traces that start here that is recorded; a caller's decision takes precedence
 * @param options.maxPerSecond the most of them in a second: a span costs this process and the collector about 8 µs each
 */
export function startTracing(options: {
  service: string
  endpoint: string
  ratio: number
  maxPerSecond: number
  log: Log
  metrics: Registry
}): AsyncDisposable {
  const { endpoint, log } = options
  const dropped = droppedSpans(options.metrics)
  if (endpoint === '') return { [Symbol.asyncDispose]: async () => {} }
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': options.service }),
    spanProcessors: [spanExport({ url: `${endpoint}/v1/traces`, dropped, log })],
  })
  const belowLimit = perSecond(options.maxPerSecond)
  tracing = {
    tracer: provider.getTracer('lockstep'),
    startsRecorded: () => Math.random() < options.ratio && belowLimit(),
  }
  return {
    [Symbol.asyncDispose]: async () => {
      tracing = undefined
      // An unavailable collector must not turn a clean stop into a failed one.
      await provider.shutdown().catch(() => {})
    },
  }
}

/** A span, or the part of it that another process sent. */
type Parent = Pick<Span, 'spanContext'>

/** What the current code works for: one store for all of it, because each store costs every request time. */
type Work = { readonly requestId: string | undefined; readonly parent: Parent | undefined }

const current = new AsyncLocalStorage<Work>()

/** The request and the trace of the current code, for lines of the log. */
export function currentWork(): Partial<Record<'requestId' | 'traceId' | 'spanId', string | undefined>> {
  const { requestId, parent } = current.getStore() ?? {}
  const { traceId, spanId } = parent?.spanContext() ?? {}
  return { requestId, traceId, spanId }
}

export type SpanOptions = {
  kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer'
  attributes?: Attributes
  /** W3C traceparent of the parent span. Default: the active span. */
  parent?: string | undefined
  /** W3C tracestate of that parent: what tracing systems before this one pass on to those behind it. */
  tracestate?: string | undefined
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
 * Runs `work` inside a span, to which it may add attributes. An error marks the span as failed and is rethrown. Work of a
 * trace that is not recorded gets no span: one of the SDK costs it time as well.
 */
export function withSpan<T>(
  name: string,
  options: SpanOptions,
  work: (add: (attributes: Attributes) => void) => Promise<T>,
): Promise<T> {
  const outer = current.getStore()
  const requestId = options.requestId ?? outer?.requestId
  const parent = options.parent === undefined ? outer?.parent : remoteSpan(options.parent, options.tracestate)
  if (!tracing || !isRecorded(parent, tracing.startsRecorded)) {
    const unrecorded = parent ?? (tracing && new UnrecordedTrace())
    if (unrecorded === outer?.parent && requestId === outer?.requestId) return work(ignore)
    return current.run({ requestId, parent: unrecorded }, work, ignore)
  }
  const span = startSpan(tracing.tracer, name, options, parent)
  return current.run({ requestId, parent: span }, () =>
    ended([span], () => work((attributes) => void span.setAttributes(attributes))),
  )
}

/** Runs work that several traces share: each of `parents`, W3C traceparents, that is recorded gets a span of it. */
export function withSharedSpan<T>(
  name: string,
  {
    parents,
    ...options
  }: Pick<SpanOptions, 'kind' | 'attributes'> & { parents: readonly (string | undefined)[] },
  work: () => Promise<T>,
): Promise<T> {
  if (!tracing) return work()
  const { tracer } = tracing
  const spans = parents.flatMap((traceparent) => {
    const parent = traceparent?.endsWith('1') ? remoteSpan(traceparent) : undefined
    return parent ? [startSpan(tracer, name, options, parent)] : []
  })
  return spans.length === 0 ? work() : ended(spans, work)
}

function startSpan(tracer: Tracer, name: string, options: SpanOptions, parent: Parent | undefined): Span {
  const settings = { kind: kinds[options.kind ?? 'internal'], attributes: options.attributes }
  const context = parent ? trace.setSpanContext(ROOT_CONTEXT, parent.spanContext()) : ROOT_CONTEXT
  return tracer.startSpan(name, settings, context)
}

async function ended<T>(spans: readonly Span[], work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    for (const span of spans) span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) })
    throw error
  } finally {
    for (const span of spans) span.end()
  }
}

const ignore = () => {}

function isRecorded(parent: Parent | undefined, startsRecorded: () => boolean): boolean {
  if (parent instanceof UnrecordedTrace) return false
  return parent ? (parent.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0 : startsRecorded()
}

/** True for the first `limit` calls of each second. */
function perSecond(limit: number): () => boolean {
  let second = 0
  let calls = 0
  return () => {
    const now = Math.floor(performance.now() / 1_000)
    if (now !== second) calls = 0
    second = now
    return ++calls <= limit
  }
}

/** A trace that starts here and is not recorded. Its ids exist only once an event or a line of the log needs them. */
class UnrecordedTrace implements Parent {
  #ids: SpanContext | undefined
  spanContext(): SpanContext {
    const hex = () => randomUUID().replaceAll('-', '')
    return (this.#ids ??= { traceId: hex(), spanId: hex().slice(16), traceFlags: TraceFlags.NONE })
  }
}

const traceparentPattern =
  /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?:$|-)/

/** Undefined if the text is no traceparent (https://www.w3.org/TR/trace-context/#traceparent-header). */
function remoteSpan(traceparent: string, tracestate?: string): Parent | undefined {
  const [, traceId, spanId, flags] = traceparentPattern.exec(traceparent) ?? []
  if (!traceId || !spanId || !flags) return undefined
  const context: SpanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
  if (tracestate !== undefined) context.traceState = createTraceState(tracestate)
  return { spanContext: () => context }
}

/** The W3C traceparent of the active span, and the tracestate if its trace has one, to pass on with the work. */
export function currentTrace(): { traceparent: string | undefined; tracestate: string | undefined } {
  const context = current.getStore()?.parent?.spanContext()
  if (!context) return { traceparent: undefined, tracestate: undefined }
  const { traceId, spanId, traceFlags, traceState } = context
  return {
    traceparent: `00-${traceId}-${spanId}-0${traceFlags & TraceFlags.SAMPLED}`,
    tracestate: traceState?.serialize() || undefined,
  }
}

export const currentTraceparent = (): string | undefined => currentTrace().traceparent
