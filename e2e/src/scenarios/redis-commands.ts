import { openRedis } from '@lockstep/core/redis/client.ts'
import { eventually } from '../system/eventually.ts'
import type { Stack } from '../system/stack.ts'

type Command = (name: string, ...parameters: string[]) => Promise<unknown>

/** Runs commands on Redis over its own connection, past the proxies. */
export async function withRedis(
  { servers }: Pick<Stack, 'servers'>,
  work: (command: Command) => Promise<void>,
): Promise<void> {
  await using connection = openRedis({
    url: servers.redis.url,
    tlsCaFile: '',
    onError: () => {},
    commandTimeoutMs: 5_000,
  })
  await eventually(() => connection.redis.ping(), { withinMs: 10_000 })
  await work((name, ...parameters) => connection.redis.call(name, ...parameters))
}
