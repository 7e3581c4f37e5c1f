import { type ServiceError } from '@grpc/grpc-js'
import type { Writer } from '../services.ts'
import type { ProblemBody } from './http-client.ts'

/** `mark`: the name that the product gets by this command and by no other. */
export type Command = { type: 'create' | 'update' | 'delete'; id: string; mark: string }

/** What the caller of a command knows of it. */
export type Outcome =
  | { type: 'acknowledged'; version: number }
  | { type: 'nothing_done'; code: string }
  /** It may have been done: the service said so, or no answer came. */
  | { type: 'unknown'; code: string }

export type Attempt = Command & { writer: string; protocol: Protocol; outcome: Outcome; ms: number }

export type Protocol = 'http' | 'grpc'

/** Sends the command once; whatever becomes of it is in the result. */
export async function sendCommand(writer: Writer, protocol: Protocol, command: Command): Promise<Attempt> {
  const begun = performance.now()
  const outcome = await (protocol === 'http' ? overHttp(writer, command) : overGrpc(writer, command))
  return { ...command, writer: writer.name, protocol, outcome, ms: performance.now() - begun }
}

const products = '/api/v1/products'

/** Longer than a writer tries by itself. */
const timeoutMs = 10_000

async function overHttp({ http }: Writer, { type, id, mark }: Command): Promise<Outcome> {
  try {
    const path = `${products}/${id}`
    const answer = await {
      create: () => http.send('POST', products, { json: { id, name: mark, priceCents: 1 }, timeoutMs }),
      update: () => http.send('PATCH', path, { json: { name: mark }, timeoutMs }),
      delete: () => http.send('DELETE', path, { timeoutMs }),
    }[type]()
    if (answer.status < 300)
      return { type: 'acknowledged', version: (answer.json as { version: number }).version }
    return failed((answer.json as ProblemBody | undefined)?.code ?? `status ${answer.status}`)
  } catch (error) {
    const { code } = ((error as Error).cause ?? {}) as { code?: string }
    if (code === 'ECONNREFUSED') return { type: 'nothing_done', code }
    return { type: 'unknown', code: code ?? String(error) }
  }
}

async function overGrpc({ grpc }: Writer, { type, id, mark }: Command): Promise<Outcome> {
  const limit = { timeoutMs }
  try {
    const { version } = await {
      create: () => grpc.createProduct({ id, product: { name: mark, priceCents: 1 } }, limit),
      update: () => grpc.updateProduct({ id, product: { name: mark }, updateMask: ['name'] }, limit),
      delete: () => grpc.deleteProduct({ id }, limit),
    }[type]()
    return { type: 'acknowledged', version }
  } catch (error) {
    const { metadata, message } = error as ServiceError
    const code = metadata?.get('x-error-code')[0]?.toString()
    return code === undefined ? { type: 'unknown', code: message } : failed(code)
  }
}

/** After these the command may stand in the event store. */
const mayBeDone = new Set(['outcome_unknown', 'internal'])

function failed(code: string): Outcome {
  return { type: mayBeDone.has(code) || code.startsWith('status') ? 'unknown' : 'nothing_done', code }
}
