import { type ServiceError } from '@grpc/grpc-js'
import type { Product, Protocol, Query, Read, ReadAnswer } from '../evidence/history.ts'
import type { Reader } from '../system/services.ts'
import type { ProblemBody } from './http-client.ts'

/** Longer than a reader waits for a version by itself. */
const timeoutMs = 5_000

/** Asks once, as `client`; whatever is answered is in the result. */
export async function sendQuery(
  reader: Reader,
  protocol: Protocol,
  client: string,
  query: Query,
): Promise<Read> {
  const launches = () => reader.process.launches
  const before = launches()
  const sentAt = Date.now()
  const answer = await (protocol === 'http' ? overHttp(reader, query) : overGrpc(reader, query))
  const answeredAt = Date.now()
  const connection = before === launches() ? `${client} to ${reader.name}#${before}` : undefined
  return { ...query, protocol, connection, sentAt, answeredAt, answer }
}

async function overHttp({ http }: Reader, { id, minVersion }: Query): Promise<ReadAnswer> {
  try {
    const path = `/api/v1/products/${id}${minVersion === undefined ? '' : `?minVersion=${minVersion}`}`
    const { status, json } = await http.send('GET', path, { timeoutMs })
    if (status === 200)
      return { type: 'found', product: { ...(json as Omit<Product, 'deleted'>), deleted: false } }
    return notFoundOr((json as ProblemBody | undefined)?.code ?? `status ${status}`)
  } catch (error) {
    const { code } = ((error as Error).cause ?? {}) as { code?: string }
    return { type: 'failed', code: code ?? (error as Error).name }
  }
}

async function overGrpc({ grpc }: Reader, query: Query): Promise<ReadAnswer> {
  try {
    const { product } = await grpc.getProduct(query, { timeoutMs })
    if (!product) return { type: 'failed', code: 'an answer without a product' }
    const { id, version, name, description, category, priceCents, createdAt, updatedAt } = product
    const times = { createdAt: text(createdAt), updatedAt: text(updatedAt) }
    return {
      type: 'found',
      product: { id, version, deleted: false, name, description, category, priceCents, ...times },
    }
  } catch (error) {
    const { metadata, code } = error as ServiceError
    return notFoundOr(metadata?.get('x-error-code')[0]?.toString() ?? `status ${code}`)
  }
}

function notFoundOr(code: string): ReadAnswer {
  return code === 'not_found' ? { type: 'not_found' } : { type: 'failed', code }
}

const text = (moment: Date | undefined) => moment?.toISOString() ?? ''
