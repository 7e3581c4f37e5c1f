import { openRedis } from '@lockstep/core/redis/client.ts'
import { entryKey } from '@lockstep/reader-service/runtime/cache/cache-entries.ts'
import { mongoCacheEpoch } from '@lockstep/reader-service/runtime/cache/cache-epoch.ts'
import type { Subject } from '../subjects/subject.ts'
import { eventually } from '../system/eventually.ts'
import type { State } from './history.ts'
import type { Stack } from '../system/stack.ts'

/**
 * The cache entries of these aggregates that queries would use; none while the cache is closed. The reader's own code
 * gives the key: with a wrong key, no entry would be found, and no violation either. The content is read independently:
 * the version, a space, and the item as JSON, empty for a deleted aggregate; or a lease, which begins with no version.
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
    [...ids].map(async (id) => ({ id, text: (await connection.redis.get(await keyOf(id))) ?? '' })),
  )
  return entries.flatMap(({ id, text }): State[] => {
    const [, version, json = ''] = /^(\d+) (.*)$/s.exec(text) ?? []
    if (version === undefined) return []
    if (json === '') return [{ id, version: Number(version), deleted: true }]
    return [{ id, version: Number(version), deleted: false, ...(JSON.parse(json) as object) }]
  })
}
