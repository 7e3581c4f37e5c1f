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
   * The `run_id` of the server behind the present connection; undefined while there is none.
   *
   * A restart from a snapshot, or a replica that takes over, may have lost writes that were acknowledged.
   * Whoever makes it a part of its keys never meets what such a server still remembers of the past.
   */
  serverRun: () => string | undefined
}

/** A connection on which an answer is due for so long is dead, whatever TCP thinks. */
const SOCKET_TIMEOUT_MS = 1_000

const CONNECT_TIMEOUT_MS = 2_000
const LONGEST_RECONNECT_DELAY_MS = 1_000

/**
 * A client that connects in the background, for ever, and fails a command at once while it is not
 * connected. No command is sent twice, and none outlives its connection.
 *
 * A command without an answer after `commandTimeoutMs` has failed; whether it took effect is not known.
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
