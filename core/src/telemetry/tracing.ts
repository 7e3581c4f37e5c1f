import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import type { Attributes, Span } from './otlp.ts'
import { exportSpans, type SpanExport } from './span-export.ts'

/** Undefined while no spans are recorded. */
let tracing: { spans: SpanExport; ratio: number } | undefined

/**
 * Sends the spans of this process to an OTLP endpoint in the background. Without an endpoint, no spans are recorded. If
 * the endpoint is unavailable, only the spans are lost.
 *
 * @param options.ratio the share of the traces that start here that is recorded; a caller's decision takes precedence
 */
export function startTracing(options: { service: string; endpoint: string; ratio: number }): AsyncDisposable {
  if (options.endpoint === '') return { [Symbol.asyncDispose]: async () => {} }
  const spans = exportSpans(options)
  tracing = { spans, ratio: options.ratio }
  return {
    [Symbol.asyncDispose]: async () => {
      tracing = undefined
      await spans[Symbol.asyncDispose]()
    },
  }
}

/** What a span needs of its parent, which may be in another process. */
type Parent = { readonly recorded: boolean; readonly traceId: string; readonly spanId: string }

/** What the current code works for: one store for all of it, because each store costs every request time. */
type Work = { readonly requestId: string | undefined; readonly parent: Parent | undefined }

const current = new AsyncLocalStorage<Work>()

export const currentWork = (): Work | undefined => current.getStore()

export type SpanOptions = {
  kind?: Span['kind']
  attributes?: Attributes
  /** W3C traceparent of the parent span. Default: the active span. */
  parent?: string | undefined
  /** The request that the work is for. Default: that of the active span. */
  requestId?: string
}

/**
 * Runs `work` inside a span, to which it may add attributes. An error marks the span as failed and is rethrown. Work of a
 * trace that is not recorded gets no span and costs nothing.
 */
export function withSpan<T>(
  name: string,
  { kind = 'internal', attributes, ...options }: SpanOptions,
  work: (add: (attributes: Attributes) => void) => Promise<T>,
): Promise<T> {
  const outer = current.getStore()
  const requestId = options.requestId ?? outer?.requestId
  const parent = options.parent === undefined ? outer?.parent : parseTraceparent(options.parent)
  if (!tracing || !(parent?.recorded ?? Math.random() < tracing.ratio)) {
    const unrecorded = parent ?? (tracing && new UnrecordedTrace())
    if (unrecorded === outer?.parent && requestId === outer?.requestId) return work(ignore)
    return current.run({ requestId, parent: unrecorded }, work, ignore)
  }
  const { traceId = hex(), spanId: parentSpanId } = parent ?? {}
  const span = { traceId, spanId: hex().slice(16), parentSpanId, name, kind, attributes, startMs: now() }
  const inside = { requestId, parent: { recorded: true, traceId, spanId: span.spanId } }
  return current.run(inside, recorded, span, tracing.spans, work)
}

async function recorded<T>(
  span: Omit<Span, 'attributes' | 'endMs' | 'error'> & { attributes: Attributes | undefined },
  spans: SpanExport,
  work: (add: (attributes: Attributes) => void) => Promise<T>,
): Promise<T> {
  let added: Attributes | undefined
  let error: string | undefined
  try {
    return await work((attributes) => (added = attributes))
  } catch (thrown) {
    error = String(thrown)
    throw thrown
  } finally {
    spans.add({ ...span, attributes: { ...span.attributes, ...added }, endMs: now(), error })
  }
}

const ignore = () => {}
const hex = () => randomUUID().replaceAll('-', '')
/** Milliseconds since the epoch with a fraction, from a clock that never goes back. */
const now = () => performance.timeOrigin + performance.now()

/** A trace that starts here and is not recorded. Its ids exist only once an event or a line of the log needs them. */
class UnrecordedTrace implements Parent {
  readonly recorded = false
  #traceId: string | undefined
  #spanId: string | undefined
  get traceId(): string {
    return (this.#traceId ??= hex())
  }
  get spanId(): string {
    return (this.#spanId ??= hex().slice(16))
  }
}

const traceparentPattern =
  /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?:$|-)/

/** Undefined if the text is no traceparent (https://www.w3.org/TR/trace-context/#traceparent-header). */
function parseTraceparent(text: string): Parent | undefined {
  const [, traceId, spanId, flags] = traceparentPattern.exec(text) ?? []
  if (!traceId || !spanId || !flags) return undefined
  return { traceId, spanId, recorded: (Number.parseInt(flags, 16) & 1) === 1 }
}

/** The W3C traceparent of the active span, to pass on with the work. */
export function currentTraceparent(): string | undefined {
  const parent = current.getStore()?.parent
  return parent && `00-${parent.traceId}-${parent.spanId}-0${parent.recorded ? 1 : 0}`
}
