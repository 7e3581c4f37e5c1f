import { type ServiceError } from '@grpc/grpc-js'
import type { Attempt, Command, Outcome, Protocol } from '../evidence/history.ts'
import type { Writer } from '../system/services.ts'
import type { ProblemBody } from './http-client.ts'

/** Sends the command once; whatever becomes of it is in the result. */
export async function sendCommand<C extends Command>(
  writer: Writer,
  protocol: Protocol,
  command: C,
): Promise<Attempt & C> {
  const sentAt = Date.now()
  const outcome = await (protocol === 'http' ? overHttp(writer, command) : overGrpc(writer, command))
  return { ...command, writer: writer.name, protocol, sentAt, answeredAt: Date.now(), outcome }
}

const products = '/api/v1/products'

/** Longer than a writer tries by itself. */
const timeoutMs = 10_000

async function overHttp({ http }: Writer, { type, id, mark, idempotencyKey }: Command): Promise<Outcome> {
  try {
    const path = `${products}/${id}`
    const headers = { ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }) }
    const limits = { timeoutMs, headers }
    const answer = await {
      create: () => http.send('POST', products, { json: { id, name: mark, priceCents: 1 }, ...limits }),
      update: () => http.send('PATCH', path, { json: { name: mark }, ...limits }),
      delete: () => http.send('DELETE', path, limits),
    }[type]()
    if (answer.status < 300)
      return { type: 'acknowledged', ...(answer.json as { id: string; version: number }) }
    return failed((answer.json as ProblemBody | undefined)?.code ?? `status ${answer.status}`)
  } catch (error) {
    const { code } = ((error as Error).cause ?? {}) as { code?: string }
    if (code === 'ECONNREFUSED') return { type: 'nothing_done', code }
    return { type: 'unknown', code: code ?? (error as Error).name }
  }
}

async function overGrpc({ grpc }: Writer, { type, id, mark, idempotencyKey }: Command): Promise<Outcome> {
  const limit = { timeoutMs }
  const target = { id: id ?? '', idempotencyKey }
  try {
    const done = await {
      create: () => grpc.createProduct({ id, idempotencyKey, product: { name: mark, priceCents: 1 } }, limit),
      update: () => grpc.updateProduct({ ...target, product: { name: mark }, updateMask: ['name'] }, limit),
      delete: () => grpc.deleteProduct(target, limit),
    }[type]()
    return { type: 'acknowledged', id: done.id, version: done.version }
  } catch (error) {
    const { metadata, code } = error as ServiceError
    const named = metadata?.get('x-error-code')[0]?.toString()
    // The status of a call that got no answer is the client's own.
    return named === undefined ? { type: 'unknown', code: `status ${code}` } : failed(named)
  }
}

/** After these the command may stand in the event store. */
const mayBeDone = new Set(['outcome_unknown', 'internal'])

function failed(code: string): Outcome {
  return { type: mayBeDone.has(code) || code.startsWith('status') ? 'unknown' : 'nothing_done', code }
}
