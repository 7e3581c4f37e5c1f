import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { startTracing } from '../tracing.ts'

export type CollectedSpan = {
  traceId: string
  spanId: string
  parentSpanId: string | undefined
  name: string
  kind: number
  startNs: bigint
  endNs: bigint
  attributes: Record<string, string | number>
  error: string | undefined
}

/** For tests: what a collector of traces receives over OTLP while `work` runs. */
export async function collectSpans(ratio: number, work: () => Promise<unknown>): Promise<CollectedSpan[]> {
  const spans: CollectedSpan[] = []
  const collector = createServer((request, response) => {
    void buffer(request).then((body) => {
      for (const resource of fieldsOf(body).bytes(1))
        for (const scope of fieldsOf(resource).bytes(2))
          for (const span of fieldsOf(scope).bytes(2)) spans.push(spanOf(span))
      response.end()
    })
  })
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve))
  const { port } = collector.address() as AddressInfo
  const tracing = startTracing({ service: 'test', endpoint: `http://127.0.0.1:${port}`, ratio })
  await work()
  await tracing[Symbol.asyncDispose]()
  collector.closeAllConnections()
  collector.close()
  return spans
}

function spanOf(message: Uint8Array): CollectedSpan {
  const span = fieldsOf(message)
  const [status] = span.bytes(15)
  return {
    traceId: span.hex(1) ?? '',
    spanId: span.hex(2) ?? '',
    parentSpanId: span.hex(4),
    name: span.text(5) ?? '',
    kind: Number(span.numbers(6)[0]),
    startNs: span.numbers(7)[0] ?? 0n,
    endNs: span.numbers(8)[0] ?? 0n,
    attributes: Object.fromEntries(
      span.bytes(9).map((attribute) => {
        const value = fieldsOf(fieldsOf(attribute).bytes(2)[0]!)
        return [fieldsOf(attribute).text(1), value.text(1) ?? Number(value.numbers(3)[0])]
      }),
    ),
    error: status && fieldsOf(status).text(2),
  }
}

/** The fields of a protobuf message by their numbers. */
function fieldsOf(message: Uint8Array) {
  const reader = new BinaryReader(message)
  const all: { field: number; value: Uint8Array | bigint }[] = []
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag()
    const value =
      type === WireType.LengthDelimited
        ? reader.bytes()
        : BigInt(type === WireType.Bit64 ? reader.fixed64() : reader.uint64())
    all.push({ field, value })
  }
  const of = (field: number) => all.filter((each) => each.field === field).map(({ value }) => value)
  const bytes = (field: number) => of(field).filter((value) => typeof value !== 'bigint')
  return {
    bytes,
    numbers: (field: number) => of(field).filter((value) => typeof value === 'bigint'),
    text: (field: number) => bytes(field).map((value) => Buffer.from(value).toString())[0],
    hex: (field: number) => bytes(field).map((value) => Buffer.from(value).toString('hex'))[0],
  }
}
