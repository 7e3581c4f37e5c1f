import { eventually } from '../system/eventually.ts'
import type { Reader } from '../system/services.ts'
import { statusOf } from './grpc-client.ts'

/**
 * Resolves when the reader has this version of the product. Each query waits up to a second for it, which a busy machine
 * may need several times.
 */
export async function readable({ grpc }: Reader, id: string, minVersion: number): Promise<void> {
  const query = async () => {
    const status = await statusOf(grpc.getProduct({ id, minVersion }))
    // A deleted product is not found once the reader has its deletion.
    if (status !== 'OK' && status !== 'NOT_FOUND')
      throw new Error(`version ${minVersion} of ${id}: ${status}`)
  }
  await eventually(query, { withinMs: 60_000 })
}
