import { MongoClient, type Db } from 'mongodb'
import { Pool } from 'pg'
import { freePorts } from '@lockstep/local-infra/ports.ts'
import type { Server } from '@lockstep/local-infra/server.ts'
import { jaegerBinary } from '@lockstep/local-infra/artefacts.ts'
import { startJaeger, type JaegerServer } from '@lockstep/local-infra/servers/jaeger.ts'
import { startService, type ServiceOptions } from '@lockstep/local-infra/servers/service.ts'
import type { Proxy } from '@lockstep/local-infra/servers/toxiproxy.ts'
import { runSetup } from '@lockstep/local-infra/stack/migrate.ts'
import { startServers, type Servers } from '@lockstep/local-infra/start-servers.ts'
import { throwAwayDir } from '@lockstep/local-infra/throw-away-dir.ts'
import {
  commandsClient,
  queriesClient,
  type CommandsClient,
  type QueriesClient,
} from './clients/grpc-client.ts'
import { httpClient, type HttpClient } from './clients/http-client.ts'

/** One of our services as a process: kill it, stop it and start it again by `process`. */
export type Service = { name: string; process: Server; http: HttpClient; admin: HttpClient }
export type Writer = Service & { grpc: CommandsClient }
export type Reader = Service & { grpc: QueriesClient }

export type Stack = AsyncDisposable & {
  servers: Servers
  /** The settings of the services, ports apart. */
  env: Record<string, string>
  /** Undefined unless it was built on this machine before. */
  jaeger: JaegerServer | undefined
  /** The only way of the services to these servers. */
  proxies: Record<'postgres' | 'kafka' | 'mongo' | 'redis', Proxy>
  writers: readonly [Writer, Writer]
  reader: Reader
  /** The tests' own connections, past the proxies. */
  postgres: Pool
  mongo: Db
  processes: readonly Server[]
  /** Starts what does not run, continues what was stopped, ends every fault, and waits until all are ready. */
  mend(): Promise<void>
}

/** The whole system on real servers with data that go with it: two writers and a reader, behind proxies. */
export async function startStack(): Promise<Stack> {
  await using scope = new AsyncDisposableStack()
  const { dir } = scope.use(await throwAwayDir())
  const [kafkaListener, postgresPort, kafkaPort, mongoPort, redisPort, ...servicePorts] = (await freePorts(
    18,
  )) as [number, number, number, number, number, ...number[]]
  const takePorts = () => {
    const [http, grpc, admin] = servicePorts.splice(0, 3) as [number, number, number]
    return { http, grpc, admin }
  }

  const [servers, jaeger] = await Promise.all([
    startServers({
      dir,
      only: ['postgres', 'kafka', 'mongo', 'redis', 'toxiproxy'],
      kafkaListeners: [{ port: kafkaListener, advertisedPort: kafkaPort }],
    }),
    startTraces(dir),
  ])
  const { toxiproxy } = servers
  const portOf = (server: Server) => server.ports[0] as number
  const proxies = {
    postgres: await toxiproxy.proxy(postgresPort, portOf(servers.postgres)),
    kafka: await toxiproxy.proxy(kafkaPort, kafkaListener),
    mongo: await toxiproxy.proxy(mongoPort, portOf(servers.mongo)),
    redis: await toxiproxy.proxy(redisPort, portOf(servers.redis)),
  }
  const env = {
    POSTGRES_URL: through(postgresPort, servers.postgres.url),
    KAFKA_BROKERS: `127.0.0.1:${kafkaPort}`,
    MONGO_URL: through(mongoPort, servers.mongo.url),
    REDIS_URL: through(redisPort, servers.redis.url),
    OTLP_ENDPOINT: jaeger?.otlpEndpoint ?? '',
    // A trace is recorded when its caller says so; every command of a load would only cost time.
    TRACE_RATIO: '0',
    DRAIN_DELAY_MS: '1000',
    NODE_ENV: 'production',
  }
  await Promise.all((['postgres', 'kafka', 'mongo'] as const).map((name) => runSetup(name, env)))

  const start = async (name: ServiceOptions['name'], ports: ServiceOptions['ports']): Promise<Service> => ({
    name,
    process: await startService({ name, dir, env, ports }),
    http: httpClient(`http://127.0.0.1:${ports.http}`),
    admin: httpClient(`http://127.0.0.1:${ports.admin}`),
  })
  const startWriter = async (name: ServiceOptions['name']): Promise<Writer> => {
    const ports = takePorts()
    const grpc = scope.use(commandsClient(`127.0.0.1:${ports.grpc}`))
    return { ...(await start(name, ports)), grpc }
  }
  const startReader = async (): Promise<Reader> => {
    const ports = takePorts()
    const grpc = scope.use(queriesClient(`127.0.0.1:${ports.grpc}`))
    return { ...(await start('reader', ports)), grpc }
  }
  const [first, second, reader] = await Promise.all([
    startWriter('writer-1'),
    startWriter('writer-2'),
    startReader(),
  ])

  const postgres = scope.adopt(new Pool({ connectionString: servers.postgres.url, max: 5 }), (pool) =>
    pool.end(),
  )
  // The server is stopped by tests; the pool opens another connection at its next use.
  postgres.on('error', () => {})
  const mongo = scope.adopt(
    new MongoClient(servers.mongo.url, { serverSelectionTimeoutMS: 2_000 }),
    (client) => client.close(),
  )

  const services = [first, second, reader]
  const { postgres: store, kafka, mongo: model, redis } = servers
  const serversAlone = [store, kafka, model, redis, toxiproxy, ...(jaeger ? [jaeger] : [])]
  const processes = [...serversAlone, ...services.map((service) => service.process)]
  const kept = scope.move()
  return {
    servers,
    env,
    jaeger,
    proxies,
    writers: [first, second],
    reader,
    postgres,
    mongo: mongo.db(),
    processes,
    async mend() {
      for (const server of processes) await server.kill('SIGCONT')
      await Promise.all(serversAlone.map((server) => server.start()))
      await toxiproxy.reset()
      await Promise.all(services.map((service) => service.process.start()))
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

export function portsOf({ process }: Service): { http: number; grpc: number; admin: number } {
  const [http, grpc, admin] = process.ports as [number, number, number]
  return { http, grpc, admin }
}

function through(port: number, url: string): string {
  return Object.assign(new URL(url), { port: String(port) }).href
}

async function startTraces(dir: string): Promise<JaegerServer | undefined> {
  if (jaegerBinary() === undefined) return undefined
  const [port, queryGrpcPort, otlpGrpcPort, otlpHttpPort] = (await freePorts(4)) as [
    number,
    number,
    number,
    number,
  ]
  return startJaeger({ dir, port, queryGrpcPort, otlpGrpcPort, otlpHttpPort })
}
