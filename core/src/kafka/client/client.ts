import net from 'node:net'
import tls from 'node:tls'
import { Kafka, logLevel, type ISocketFactoryArgs, type KafkaConfig, type LogEntry } from 'kafkajs'
import type { Logger } from 'pino'
import { parseAddress } from '../../config/address.ts'
import { clearBufferOnConnect } from '../patches/connection.ts'
import { decodeFetchResponsesFast } from '../patches/fetch-response.ts'
import { encodeProduceRequestsAtOnce } from '../patches/produce-request.ts'
import { stopIdleRequestQueues } from '../patches/request-queue.ts'

stopIdleRequestQueues()
clearBufferOnConnect()
encodeProduceRequestsAtOnce()
decodeFetchResponsesFast()

export type KafkaSettings = {
  /** `host:port` or `[IPv6]:port` of some brokers; the client discovers the others. */
  brokers: readonly string[]
  /** Shown in the brokers' logs and quotas. */
  clientId: string
  /** `true` trusts the system's authorities; an object adds `ca`, `cert`, `key` and the like. */
  tls?: boolean | tls.ConnectionOptions
  sasl?: { mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; username: string; password: string }
}

export type KafkaLog = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>

export type KafkaClient = {
  kafka: Kafka
  /** Closes every connection and refuses new ones, so that every operation in flight fails. Idempotent. */
  destroy: () => void
}

/** Milliseconds. Worst case of one request without a response: 10 s; of one broker that drops packets: 3 s. */
const timeouts = { connectionTimeout: 3_000, authenticationTimeout: 5_000, requestTimeout: 10_000 }

/**
 * Trap 6: every field is set, also because kafkajs has other defaults when NODE_ENV is `test`
 * (src/retry/defaults.test.js). There are few retries: the caller decides how often to repeat the operation.
 */
export const boundedRetries = {
  retries: 3,
  initialRetryTime: 100,
  maxRetryTime: 2_000,
  factor: 0.2,
  multiplier: 2,
}

/** A kafkajs client with every setting explicit. Opens no connection by itself. */
export function createClient(settings: KafkaSettings, log: KafkaLog): KafkaClient {
  const sockets = new Set<net.Socket>()
  let destroyed = false

  const socketFactory = ({ host: seedOrHost, port, ssl, onConnect }: ISocketFactoryArgs): net.Socket => {
    const host = decodeURIComponent(seedOrHost)
    if (destroyed) throw new Error('this Kafka client was destroyed')
    const servername = net.isIP(host) ? {} : { servername: host }
    const socket = ssl
      ? tls.connect({ host, port, ...servername, ...ssl }, onConnect)
      : net.connect({ host, port }, onConnect)
    // Otherwise a commit after a heartbeat waits for the delayed ACK of the heartbeat, 40 ms on Linux.
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 60_000)
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    return socket
  }

  const kafka = new Kafka({
    brokers: settings.brokers.map(seedBroker),
    clientId: settings.clientId,
    ...(settings.tls ? { ssl: settings.tls } : {}),
    ...(settings.sasl ? { sasl: settings.sasl as KafkaConfig['sasl'] } : {}),
    ...timeouts,
    enforceRequestTimeout: true,
    retry: boundedRetries,
    socketFactory,
    logLevel: logLevel.INFO,
    logCreator: () => (entry) => {
      if (!destroyed) forward(log, entry)
    },
  })

  return {
    kafka,
    destroy() {
      destroyed = true
      for (const socket of sockets) socket.destroy(new Error('this Kafka client was destroyed'))
    },
  }
}

/**
 * kafkajs splits `[::1]:19092` at its first colon, so the host goes through it encoded, and the socket factory decodes it.
 * Only the addresses of the settings pass here; the hosts in the brokers' metadata have no such form.
 */
function seedBroker(broker: string): string {
  const { host, port } = parseAddress(broker)
  return `${encodeURIComponent(host)}:${port}`
}

/**
 * kafkajs logs an error for each attempt that it will repeat, and logs each call at info, so both go to lower levels. A
 * final failure is thrown, and its caller logs it. Only one failure is logged and never thrown: the records at a
 * group's offset no longer exist, for example because the group was stopped for longer than their retention.
 */
function forward(log: KafkaLog, { namespace, level, log: entry }: LogEntry): void {
  const { message, timestamp: _t, logger: _l, stack: _s, ...fields } = entry
  const lost = namespace === 'ConsumerGroup' && level === logLevel.ERROR
  const write = lost ? log.error : level <= logLevel.WARN ? log.warn : log.debug
  write.call(log, { kafkajs: namespace, ...fields }, message)
}
