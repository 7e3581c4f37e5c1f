import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { Registry } from 'prom-client'
import { createLog } from '../../log/log.ts'
import { startTracing } from '../tracing.ts'

type OtlpSpan = {
  traceId: string
  spanId: string
  parentSpanId?: string
  traceState?: string
  name: string
  kind: number
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: { key: string; value: { stringValue?: string; intValue?: number } }[]
  status: { message?: string }
}
type OtlpExport = { resourceSpans: { scopeSpans: { spans: OtlpSpan[] }[] }[] }

export type CollectedSpan = Pick<
  OtlpSpan,
  'traceId' | 'spanId' | 'parentSpanId' | 'traceState' | 'name' | 'kind'
> & {
  startNs: bigint
  endNs: bigint
  attributes: Record<string, string | number | undefined>
  error: string | undefined
}

/** For tests: what a collector of traces receives over OTLP while `work` runs. */
export async function collectSpans(
  ratio: number,
  work: () => Promise<unknown>,
  maxPerSecond = 1_000,
): Promise<CollectedSpan[]> {
  const spans: CollectedSpan[] = []
  const collector = createServer((request, response) => {
    void json(request).then((body) => {
      const { resourceSpans } = body as OtlpExport
      const scopes = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans)
      spans.push(...scopes.flatMap((scope) => scope.spans.map(spanOf)))
      response.end('{}')
    })
  })
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve))
  const { port } = collector.address() as AddressInfo
  const tracing = startTracing({
    service: 'test',
    endpoint: `http://127.0.0.1:${port}`,
    ratio,
    maxPerSecond,
    log: createLog({ service: 'test', level: 'silent' }),
    metrics: new Registry(),
  })
  await work()
  await tracing[Symbol.asyncDispose]()
  collector.closeAllConnections()
  collector.close()
  return spans
}

function spanOf({ traceId, spanId, parentSpanId, traceState, name, kind, ...span }: OtlpSpan): CollectedSpan {
  return {
    traceId,
    spanId,
    parentSpanId,
    ...(traceState !== undefined && { traceState }),
    name,
    kind,
    startNs: BigInt(span.startTimeUnixNano),
    endNs: BigInt(span.endTimeUnixNano),
    attributes: Object.fromEntries(
      span.attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue]),
    ),
    error: span.status.message,
  }
}
