import { openRedis } from '@lockstep/core/redis/client.ts'
import { eventually } from './eventually.ts'
import type { Product, ProductState } from './history/history.ts'
import type { Stack } from './stack.ts'

/**
 * The entries that queries would use, of these products. It reads what the reader's adapters write (its folder
 * outbound/redis): a hash of `version` and `body` under a key of the present generation and server run; the body is
 * the product's other fields as JSON, empty for a deleted one. None while the cache is closed.
 */
export async function readCache(
  { servers, mongo }: Stack,
  ids: ReadonlySet<string>,
): Promise<ProductState[]> {
  const generation = await mongo
    .collection<{ _id: string; number: number; open: boolean }>('cache_generations')
    .findOne({ _id: 'products' })
  if (!generation?.open) return []
  await using connection = openRedis({
    url: servers.redis.url,
    tlsCaFile: '',
    onError: () => {},
    commandTimeoutMs: 5_000,
  })
  const run = await eventually(
    () => connection.serverRun() ?? Promise.reject(new Error('Redis does not answer')),
    { withinMs: 5_000, everyMs: 10 },
  )
  const keyed = [...ids].map((id) => ({
    id,
    key: `lockstep:product:format1:${generation.number}:${run}:${id}`,
  }))
  const entries = await Promise.all(
    keyed.map(async ({ id, key }) => ({ id, fields: await connection.redis.hgetall(key) })),
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
