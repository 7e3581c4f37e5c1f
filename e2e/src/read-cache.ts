import { openRedis } from '@lockstep/core/redis/client.ts'
import { entryKey } from '@lockstep/reader-service/runtime/cache/cache-entry.ts'
import { mongoCacheEpoch } from '@lockstep/reader-service/runtime/cache/mongo-cache-epoch.ts'
import { eventually } from './eventually.ts'
import type { Product, ProductState } from './history/history.ts'
import type { Stack } from './stack.ts'

/** Of the first generation. */
const collection = 'product'

/**
 * The entries that queries would use, of these products; none while the cache is closed. Where they are is the reader's
 * word: a key that only looked like the reader's would find nothing, and nothing is never wrong. What they say is read
 * anew: a hash of `version` and `body`, the product's other fields as JSON, empty for a deleted one.
 */
export async function readCache(
  { servers, mongo }: Pick<Stack, 'mongo'> & { servers: { redis: { url: string } } },
  ids: ReadonlySet<string>,
): Promise<ProductState[]> {
  const { number, open } = await mongoCacheEpoch(mongo, collection).read()
  if (!open) return []
  await using connection = openRedis({
    url: servers.redis.url,
    tlsCaFile: '',
    onError: () => {},
    commandTimeoutMs: 5_000,
  })
  const keyOf = async (id: string) => {
    const key = entryKey(connection, { collection, epoch: number }, id)
    if (key === undefined) throw new Error('Redis does not answer')
    return key
  }
  await eventually(() => keyOf(''), { withinMs: 5_000, everyMs: 10 })
  const entries = await Promise.all(
    [...ids].map(async (id) => ({ id, fields: await connection.redis.hgetall(await keyOf(id)) })),
  )
  return entries.flatMap(({ id, fields: { version, body } }): ProductState[] => {
    // Nobody's entry yet: a lease has no version.
    if (version === undefined || body === undefined) return []
    if (body === '') return [{ id, version: Number(version), deleted: true }]
    return [
      {
        id,
        version: Number(version),
        deleted: false,
        ...(JSON.parse(body) as Omit<Product, 'id' | 'version' | 'deleted'>),
      },
    ]
  })
}
