import type { RedisConnection } from '@lockstep/core/redis/client.ts'
import type { Redis } from 'ioredis'
import type { AppliedHints } from '../../app/ports.ts'

const CHANNEL = 'lockstep:product:applied'

type Version = { id: string; version: number }

/** Publishes one message a batch: a line `id version` for each state. Nobody waits for it to arrive. */
export function redisAppliedHints({ redis }: Pick<RedisConnection, 'redis'>): AppliedHints {
  return {
    announce: (states) => {
      if (states.length === 0) return
      redis.publish(CHANNEL, states.map(({ id, version }) => `${id} ${version}`).join('\n')).catch(() => {})
    },
  }
}

/** Calls `notify` for what any replica announces, while there is a connection. */
export function listenForHints(subscriber: Redis, notify: (version: Version) => void): void {
  subscriber.on('message', (_channel, message: string) => {
    for (const line of message.split('\n')) {
      const [id = '', version] = line.split(' ')
      notify({ id, version: Number(version) })
    }
  })
  // Once subscribed, the client does it again by itself after each reconnection.
  subscriber.subscribe(CHANNEL).catch(() => {})
}
