import { openRedis } from '@lockstep/core/redis/client.ts'
import { entryKey } from '@lockstep/reader-service/runtime/cache/cache-entry.ts'
import { mongoCacheEpoch } from '@lockstep/reader-service/runtime/cache/cache-epoch.ts'
import type { Subject } from '../subjects/subject.ts'
import { eventually } from '../system/eventually.ts'
import type { State } from './history.ts'
import type { Stack } from '../system/stack.ts'

/**
 * The cache entries of these aggregates that queries would use; none while the cache is closed. The reader's own code
 * gives the key: with a wrong key, no entry would be found, and no violation either. The content is read independently:
 * a hash of `version` and `body`, the other fields as JSON, empty for a deleted aggregate.
 */
export async function readCache(
  { servers, mongo }: Pick<Stack, 'mongo'> & { servers: { redis: { url: string } } },
  { readModel: { collection } }: Pick<Subject, 'readModel'>,
  ids: ReadonlySet<string>,
): Promise<State[]> {
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
    if (key === undefined) throw new Error('Redis does not respond')
    return key
  }
  await eventually(() => keyOf(''), { withinMs: 5_000, everyMs: 10 })
  const entries = await Promise.all(
    [...ids].map(async (id) => ({ id, fields: await connection.redis.hgetall(await keyOf(id)) })),
  )
  return entries.flatMap(({ id, fields: { version, body } }): State[] => {
    // A lease, which has no version yet.
    if (version === undefined || body === undefined) return []
    if (body === '') return [{ id, version: Number(version), deleted: true }]
    return [
      {
        id,
        version: Number(version),
        deleted: false,
        ...(JSON.parse(body) as object),
      },
    ]
  })
}
