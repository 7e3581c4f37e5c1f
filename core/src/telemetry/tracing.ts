import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Span,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-node'

/**
 * Sends the spans of this process to an OTLP endpoint in the background. Without an endpoint, no spans are recorded. If
 * the endpoint is unavailable, only the spans are lost.
 */
export function startTracing(options: { service: string; endpoint: string; ratio: number }): AsyncDisposable {
  if (options.endpoint === '') return { [Symbol.asyncDispose]: async () => {} }
  const exporter = new OTLPTraceExporter({ url: `${options.endpoint}/v1/traces`, timeoutMillis: 2_000 })
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': options.service }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.ratio) }),
    spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: 1_000 })],
  })
  provider.register()
  return {
    [Symbol.asyncDispose]: async () => {
      // An unavailable collector must not turn a clean stop into a failed one.
      await provider.shutdown().catch(() => {})
    },
  }
}

export type SpanOptions = {
  kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer'
  attributes?: Attributes
  /** W3C traceparent of the parent span. Default: the active span. */
  parent?: string
}

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const

/** Runs `work` inside a span. An error marks the span as failed and is rethrown. */
export async function withSpan<T>(
  name: string,
  options: SpanOptions,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const parent =
    options.parent === undefined
      ? context.active()
      : propagation.extract(ROOT_CONTEXT, { traceparent: options.parent })
  const tracer = trace.getTracer('lockstep')
  const settings = { kind: kinds[options.kind ?? 'internal'], attributes: options.attributes }
  return tracer.startActiveSpan(name, settings, parent, async (span) => {
    try {
      return await work(span)
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) })
      throw error
    } finally {
      span.end()
    }
  })
}

/** Runs work that several traces share: each of `parents` that is sampled gets a span of it. */
export async function withSharedSpan<T>(
  name: string,
  { parents, kind, attributes }: Omit<SpanOptions, 'parent'> & { parents: readonly (string | undefined)[] },
  work: () => Promise<T>,
): Promise<T> {
  const settings = { kind: kinds[kind ?? 'internal'], attributes }
  const spans = parents.filter(isSampled).map((traceparent) => {
    const parent = propagation.extract(ROOT_CONTEXT, { traceparent })
    return trace.getTracer('lockstep').startSpan(name, settings, parent)
  })
  try {
    return await work()
  } catch (error) {
    for (const span of spans) span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) })
    throw error
  } finally {
    for (const span of spans) span.end()
  }
}

/** The last field of a traceparent has the flags: https://www.w3.org/TR/trace-context/#trace-flags */
function isSampled(traceparent: string | undefined): boolean {
  return traceparent !== undefined && (Number.parseInt(traceparent.slice(-2), 16) & 1) === 1
}

/** The W3C traceparent of the active span, to pass on with the work. */
export function currentTraceparent(): string | undefined {
  const carrier: { traceparent?: string } = {}
  propagation.inject(context.active(), carrier)
  return carrier.traceparent
}
