import { credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js'
import type { Product } from '@lockstep/contracts/gen/lockstep/product/v1/product.ts'
import { ProductQueriesClient } from '@lockstep/contracts/gen/lockstep/product/v1/product_queries.ts'

/** Above what the reader itself waits for a version. */
const CALL_LIMIT_MS = 5_000
/** How long a version is asked for again and again: a slow machine is late, and that is no fault. */
const PATIENCE_MS = 20_000

/** The reader's gRPC API. */
export function readerClient(address: string) {
  const client = new ProductQueriesClient(address, credentials.createInsecure())

  function call(id: string, minVersion: number | undefined): Promise<Product | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<Product | undefined>()
    const options = { deadline: Date.now() + CALL_LIMIT_MS }
    client.getProduct({ id, minVersion }, new Metadata(), options, (error, response) => {
      if (error) reject(error)
      else resolve(response.product)
    })
    return promise
  }

  return {
    /** The product at `minVersion` or later; undefined when it is not there, or deleted by then. */
    async get(id: string, minVersion?: number): Promise<Product | undefined> {
      const patience = AbortSignal.timeout(PATIENCE_MS)
      for (;;) {
        try {
          return await call(id, minVersion)
        } catch (error) {
          if ((error as ServiceError).code === status.NOT_FOUND) return undefined
          // The reader has waited already: this does not spin.
          if (!isBehind(error as ServiceError) || patience.aborted) throw error
        }
      }
    },
    [Symbol.dispose]: () => client.close(),
  }
}

export type ReaderClient = ReturnType<typeof readerClient>

function isBehind(error: ServiceError): boolean {
  return error.metadata?.get('x-error-code')[0] === 'read_model_behind'
}
