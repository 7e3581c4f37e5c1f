import type { RedisConnection } from '@lockstep/core/redis/client.ts'
import type { Redis } from 'ioredis'
import type { IdVersion } from './version-notifications.ts'

/** One channel per read model: aggregates of two types may share an id. */
const channelOf = (readModel: string) => `lockstep:${readModel}:applied`

/** Publishes one message per batch, a line `id version` for each state. A lost message only lengthens a wait. */
export function publishVersions({ redis }: Pick<RedisConnection, 'redis'>, readModel: string) {
  return (versions: readonly IdVersion[]): void => {
    if (versions.length === 0) return
    const message = versions.map(({ id, version }) => `${id} ${version}`).join('\n')
    redis.publish(channelOf(readModel), message).catch(() => {})
  }
}

/** Calls `notify` for each version that a replica publishes about this read model, while there is a connection. */
export function subscribeToVersions(
  subscriber: Redis,
  readModel: string,
  notify: (version: IdVersion) => void,
): void {
  const channel = channelOf(readModel)
  subscriber.on('message', (from: string, message: string) => {
    if (from !== channel) return
    for (const line of message.split('\n')) {
      const [id = '', version] = line.split(' ')
      notify({ id, version: Number(version) })
    }
  })
  // The client repeats a subscription that succeeded once after each reconnection.
  subscriber.subscribe(channel).catch(() => {})
}
