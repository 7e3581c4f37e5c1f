import { setTimeout as sleep } from 'node:timers/promises'
import { status, type ServiceError } from '@grpc/grpc-js'
import type { Product } from '@lockstep/contracts/gen/lockstep/product/v1/product.ts'
import type { QueriesClient } from './grpc-client.ts'

/** How long a query is repeated while it may: a slow machine may be late. */
const PATIENCE_MS = 20_000
const PAUSE_MS = 50

/** The product at `minVersion` or later; undefined when it does not exist or is deleted. */
export async function readAtVersion(
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
      // The reader is behind, or its database is unavailable for a moment.
      if ((error as ServiceError).code !== status.UNAVAILABLE || patience.aborted) throw error
    }
    await sleep(PAUSE_MS)
  }
}
