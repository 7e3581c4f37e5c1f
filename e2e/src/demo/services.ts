import { status, type ServiceError } from '@grpc/grpc-js'
import type { Product } from '@lockstep/contracts/gen/lockstep/product/v1/product.ts'
import type { QueriesClient } from '../clients/grpc-client.ts'
import type { HttpClient } from '../clients/http-client.ts'
import type { CatalogueProduct } from './catalogue.ts'

export type Written = { id: string; version: number }

/** How long a version is asked for again and again: a slow machine is late, and that is no fault. */
const PATIENCE_MS = 20_000

/** Sends a command to the writer; rejects when it is not done. */
export async function command(
  http: HttpClient,
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  options: {
    details?: Partial<CatalogueProduct>
    /** The version that the product must have. */
    ifMatch?: number | undefined
    /** W3C traceparent: the command is a part of this trace. */
    traceparent: string
  },
): Promise<Written> {
  const { details, ifMatch, traceparent } = options
  const headers = { traceparent, ...(ifMatch !== undefined && { 'if-match': `"${ifMatch}"` }) }
  const answer = await http.send(method, path, { json: details, headers })
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`)
  return answer.json as Written
}

/** The product at `minVersion` or later; undefined when it is not there, or deleted by then. */
export async function read(
  queries: QueriesClient,
  id: string,
  minVersion: number,
): Promise<Product | undefined> {
  const patience = AbortSignal.timeout(PATIENCE_MS)
  for (;;) {
    try {
      return (await queries.getProduct({ id, minVersion })).product
    } catch (error) {
      if ((error as ServiceError).code === status.NOT_FOUND) return undefined
      // The reader has waited already: this does not spin.
      if (!isBehind(error as ServiceError) || patience.aborted) throw error
    }
  }
}

function isBehind(error: ServiceError): boolean {
  return error.metadata?.get('x-error-code')[0] === 'read_model_behind'
}
