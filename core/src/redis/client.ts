import { readFileSync } from 'node:fs'
import { Redis } from 'ioredis'

export type RedisTarget = {
  url: string
  /** A PEM file; empty means the system's store. */
  tlsCaFile: string
  onError: (error: Error) => void
}

export type RedisConnection = AsyncDisposable & {
  redis: Redis
  /**
   * The `run_id` of the connected server; undefined while there is no connection.
   *
   * A server that restarts from a snapshot, or a replica that takes over, may have lost acknowledged writes. Keys that
   * contain the `run_id` never find its old entries.
   */
  serverRun: () => string | undefined
}

/** A connection without a response for this long is closed, even if TCP still considers it open. */
const SOCKET_TIMEOUT_MS = 1_000

const CONNECT_TIMEOUT_MS = 2_000
const LONGEST_RECONNECT_DELAY_MS = 1_000

/**
 * A client that connects in the background and retries indefinitely. Without a connection, a command fails at once. No
 * command is sent twice, and none outlives its connection.
 *
 * A command without a response after `commandTimeoutMs` fails; it may have taken effect.
 */
export function openRedis(options: RedisTarget & { commandTimeoutMs: number }): RedisConnection {
  const redis = new Redis(options.url, {
    ...connectionOptions(options),
    commandTimeout: options.commandTimeoutMs,
    socketTimeout: SOCKET_TIMEOUT_MS,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  })
  let serverRun: string | undefined
  redis.on('error', options.onError)
  redis.on('close', () => (serverRun = undefined))
  redis.on('ready', () => {
    redis.info('server').then(
      (info) => (serverRun = /^run_id:(\w+)/m.exec(info)?.[1]),
      (error: Error) => {
        options.onError(error)
        redis.disconnect(true)
      },
    )
  })
  return {
    redis,
    serverRun: () => serverRun,
    [Symbol.asyncDispose]: async () => redis.disconnect(),
  }
}

/** A connection for subscriptions: they survive a reconnection. What is published meanwhile is lost. */
export function openRedisSubscriber(options: RedisTarget): AsyncDisposable & { redis: Redis } {
  const redis = new Redis(options.url, { ...connectionOptions(options), maxRetriesPerRequest: null })
  redis.on('error', options.onError)
  return { redis, [Symbol.asyncDispose]: async () => redis.disconnect() }
}

function connectionOptions({ url, tlsCaFile }: RedisTarget) {
  const ca = tlsCaFile === '' ? undefined : readFileSync(tlsCaFile)
  return {
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepAlive: 10_000,
    retryStrategy: (attempt: number) =>
      Math.min(50 * 2 ** Math.min(attempt, 10), LONGEST_RECONNECT_DELAY_MS) * (0.5 + Math.random() / 2),
    ...(url.startsWith('rediss:') ? { tls: { ca } } : {}),
  }
}
