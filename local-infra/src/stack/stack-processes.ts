import { join } from 'node:path'
import { maskUrl, reachableHost } from '@lockstep/core/config/address.ts'
import type { Server } from '../server.ts'
import { startJaeger } from '../servers/jaeger.ts'
import { startKafka } from '../servers/kafka.ts'
import { startMongo } from '../servers/mongo.ts'
import { postgresHome, startPostgres } from '../servers/postgres.ts'
import { startPrometheus } from '../servers/prometheus.ts'
import { startRedis } from '../servers/redis.ts'
import { startService } from '../servers/service.ts'
import { type StackSettings, localPort, postgresNames, serviceAddress } from './settings.ts'

export type Part = {
  name: string
  kind: 'server' | 'service'
  /** Its working directory, which identifies its processes. */
  home: string
  /** Every port that it listens on. */
  ports: number[]
  address: string
  start(): Promise<Server>
  stopSignal: NodeJS.Signals
}

/**
 * The parts that run on this machine, without servers whose URL names another machine. With `watch`, a service restarts
 * when one of its files changes.
 */
export function partsOf(settings: StackSettings, { watch = false } = {}): Part[] {
  return [...servers(settings), ...services(settings, watch)]
}

function servers(settings: StackSettings): Part[] {
  const dir = settings.LOCAL_DIR
  const postgres = localPort(settings, 'POSTGRES_URL')
  const kafka = localPort(settings, 'KAFKA_BROKERS')
  const mongo = localPort(settings, 'MONGO_URL')
  const redis = localPort(settings, 'REDIS_URL')
  const controllerPort = settings.LOCAL_KAFKA_CONTROLLER_PORT
  const prometheus = settings.LOCAL_PROMETHEUS_PORT
  const targets = {
    writer: serviceAddress(settings, 'WRITER_ADMIN_PORT'),
    reader: serviceAddress(settings, 'READER_ADMIN_PORT'),
  }
  const parts: Part[] = []
  if (postgres) {
    parts.push({
      ...server('postgres', [postgres], maskUrl(settings.POSTGRES_URL)),
      home: postgresHome(dir),
      start: () => startPostgres({ dir, port: postgres, ...postgresNames(settings.POSTGRES_URL) }),
      // As in startPostgres: end the sessions without waiting for their clients.
      stopSignal: 'SIGINT',
    })
  }
  if (kafka) {
    parts.push({
      ...server('kafka', [kafka, controllerPort], settings.KAFKA_BROKERS.join(',')),
      start: () => startKafka({ dir, port: kafka, controllerPort }),
    })
  }
  if (mongo) {
    parts.push({
      ...server('mongo', [mongo], maskUrl(settings.MONGO_URL)),
      start: () => startMongo({ dir, port: mongo }),
    })
  }
  if (redis) {
    parts.push({
      ...server('redis', [redis], maskUrl(settings.REDIS_URL)),
      start: () => startRedis({ dir, port: redis }),
    })
  }
  parts.push({
    ...server('prometheus', [prometheus], `http://127.0.0.1:${prometheus}`),
    start: () => startPrometheus({ dir, port: prometheus, targets }),
  })
  return parts

  function server(name: string, ports: number[], address: string) {
    return {
      name,
      kind: 'server' as const,
      home: join(dir, name),
      ports,
      address,
      stopSignal: 'SIGTERM' as const,
    }
  }
}

/** Separate from the others, because it may be missing and no part waits for it. */
export function jaegerPart(settings: StackSettings): Part {
  const dir = settings.LOCAL_DIR
  const ports = {
    port: settings.LOCAL_JAEGER_PORT,
    queryGrpcPort: settings.LOCAL_JAEGER_GRPC_PORT,
    otlpGrpcPort: settings.LOCAL_OTLP_GRPC_PORT,
    otlpHttpPort: settings.LOCAL_OTLP_HTTP_PORT,
  }
  return {
    name: 'jaeger',
    kind: 'server',
    home: join(dir, 'jaeger'),
    ports: Object.values(ports),
    address: `http://127.0.0.1:${ports.port}`,
    start: () => startJaeger({ dir, ...ports }),
    stopSignal: 'SIGTERM',
  }
}

function services(settings: StackSettings, watch: boolean): Part[] {
  const dir = settings.LOCAL_DIR
  const env = { ...serviceEnvironment(settings), ...(watch ? { DRAIN_DELAY_MS: '0' } : {}) }
  const writer = {
    admin: settings.WRITER_ADMIN_PORT,
    http: settings.WRITER_HTTP_PORT,
    grpc: settings.WRITER_GRPC_PORT,
  }
  const reader = {
    admin: settings.READER_ADMIN_PORT,
    http: settings.READER_HTTP_PORT,
    grpc: settings.READER_GRPC_PORT,
  }
  return (
    [
      ['writer', 'WRITER', writer],
      ['reader', 'READER', reader],
    ] as const
  ).map(([name, prefix, ports]) => ({
    name,
    kind: 'service',
    home: join(dir, name),
    ports: Object.values(ports),
    address: `http://${serviceAddress(settings, `${prefix}_HTTP_PORT`)}`,
    start: () =>
      startService({
        name,
        dir,
        env: { ...env, ...ofReader(settings, name) },
        host: reachableHost(settings[`${prefix}_HOST`]),
        ports,
        watch,
      }),
    stopSignal: 'SIGTERM',
  }))
}

/** A writer rejects the settings of a reader. */
function ofReader(settings: StackSettings, name: 'writer' | 'reader'): Record<string, string> {
  const writer = settings.READER_WRITER_GRPC || serviceAddress(settings, 'WRITER_GRPC_PORT')
  return name === 'reader' ? { READER_WRITER_GRPC: writer } : {}
}

/** The addresses of the servers, for the services, the migrations and the demo. Other settings are inherited. */
export function serviceEnvironment(settings: StackSettings): Record<string, string> {
  return {
    POSTGRES_URL: settings.POSTGRES_URL,
    KAFKA_BROKERS: settings.KAFKA_BROKERS.join(','),
    MONGO_URL: settings.MONGO_URL,
    REDIS_URL: settings.REDIS_URL,
    OTLP_ENDPOINT: settings.OTLP_ENDPOINT || `http://127.0.0.1:${settings.LOCAL_OTLP_HTTP_PORT}`,
  }
}
