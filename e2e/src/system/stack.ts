import { MongoClient, type Db } from 'mongodb'
import { Pool } from 'pg'
import { freePort, freePorts } from '@lockstep/local-infra/ports.ts'
import type { Server } from '@lockstep/local-infra/server.ts'
import { jaegerBinary } from '@lockstep/local-infra/artefacts.ts'
import { startJaeger, type JaegerServer } from '@lockstep/local-infra/servers/jaeger.ts'
import type { Proxy } from '@lockstep/local-infra/servers/toxiproxy.ts'
import { runSetup } from '@lockstep/local-infra/stack/migrate.ts'
import { startServers, type Servers } from '@lockstep/testkit/start-servers.ts'
import { throwAwayDir } from '@lockstep/testkit/throw-away-dir.ts'
import { startReader, startWriter, type Reader, type Writer } from './services.ts'

export type Stack = AsyncDisposable & {
  /** Contains a folder for each process. */
  dir: string
  servers: Servers
  /** Undefined unless its binary is already built on this machine. */
  jaeger: JaegerServer | undefined
  /** The only path of the services to these servers, and of the readers to the first writer. */
  proxies: Record<'postgres' | 'kafka' | 'readersKafka' | 'mongo' | 'redis' | 'readersWriter', Proxy>
  /** The paths of callers to the services; empty without `proxiedCallers`. */
  callers: { writers: readonly Proxy[]; readers: readonly Proxy[] }
  writers: readonly [Writer, Writer]
  /** The first reader. */
  reader: Reader
  readers: readonly Reader[]
  /** The tests' own connections, past the proxies. */
  postgres: Pool
  mongo: Db
  processes: readonly Server[]
  /** Another replica of the reader with its own settings, stopped when it is disposed of. */
  startReader(settings: Record<string, string>): Promise<Reader & AsyncDisposable>
  /** Another writer, in the same way. */
  startWriter(settings: Record<string, string>): Promise<Writer & AsyncDisposable>
  /** Starts what does not run, continues what was stopped, ends every fault, and waits until all are ready. */
  heal(): Promise<void>
}

export type StackOptions = {
  readers?: 1 | 2
  /** Whether callers use proxies too. */
  proxiedCallers?: boolean
  /** Settings of all services; `dir` is the folder of the stack. */
  settings?: (dir: string) => Record<string, string>
}

/** The whole system on real servers with throw-away data: two writers and the readers, behind proxies. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  await using scope = new AsyncDisposableStack()
  const { dir } = scope.use(await throwAwayDir())
  const ports = (await freePorts(8)) as [number, number, number, number, number, number, number, number]
  const [writersListener, readersListener, postgresPort, kafkaPort, readersKafkaPort, ...others] = ports
  const [mongoPort, redisPort, writerGrpcPort] = others
  const readersWriterPort = await freePort()

  const [servers, jaeger] = await Promise.all([
    startServers({
      dir,
      only: ['postgres', 'kafka', 'mongo', 'redis', 'toxiproxy'],
      kafkaListeners: [
        { port: writersListener, advertisedPort: kafkaPort },
        { port: readersListener, advertisedPort: readersKafkaPort },
      ],
    }),
    startTraces(dir),
  ])
  const { toxiproxy } = servers
  const portOf = (server: Server) => server.ports[0] as number
  const proxies = {
    postgres: await toxiproxy.proxy(postgresPort, portOf(servers.postgres)),
    kafka: await toxiproxy.proxy(kafkaPort, writersListener),
    readersKafka: await toxiproxy.proxy(readersKafkaPort, readersListener),
    mongo: await toxiproxy.proxy(mongoPort, portOf(servers.mongo)),
    redis: await toxiproxy.proxy(redisPort, portOf(servers.redis)),
    readersWriter: await toxiproxy.proxy(readersWriterPort, writerGrpcPort),
  }
  const env = {
    POSTGRES_URL: through(postgresPort, servers.postgres.url),
    KAFKA_BROKERS: `127.0.0.1:${kafkaPort}`,
    MONGO_URL: through(mongoPort, servers.mongo.url),
    REDIS_URL: through(redisPort, servers.redis.url),
    OTLP_ENDPOINT: jaeger?.otlpEndpoint ?? '',
    // A trace is recorded when its caller requests it; to trace a whole load would only cost time.
    TRACE_RATIO: '0',
    // Longer than the load balancer of a busy machine needs to see that a service is not ready.
    DRAIN_DELAY_MS: '2000',
    NODE_ENV: 'production',
    ...options.settings?.(dir),
  }
  const readersEnv = {
    ...env,
    KAFKA_BROKERS: `127.0.0.1:${readersKafkaPort}`,
    READER_WRITER_GRPC: `127.0.0.1:${readersWriterPort}`,
  }
  await Promise.all((['postgres', 'kafka', 'mongo'] as const).map((name) => runSetup(name, env)))

  const callers = { writers: [] as Proxy[], readers: [] as Proxy[] }
  const reachableAt = (ways: Proxy[]) => async (port: number) => {
    if (!options.proxiedCallers) return port
    const [listen] = (await freePorts(1)) as [number]
    ways.push(await toxiproxy.proxy(listen, port))
    return listen
  }
  const writer = (name: `writer-${string}`, chosen: { grpcPort?: number } = {}) =>
    startWriter(name, { dir, env, ...chosen, reachableAt: reachableAt(callers.writers) })
  const reader = (name: 'reader' | `reader-${string}`) =>
    startReader(name, { dir, env: readersEnv, reachableAt: reachableAt(callers.readers) })
  const [first, second, ...readers] = await Promise.all([
    writer('writer-1', { grpcPort: writerGrpcPort }),
    writer('writer-2'),
    reader('reader'),
    ...(options.readers === 2 ? [reader('reader-2')] : []),
  ])
  const services = [first, second, ...readers]
  for (const { grpc } of services) scope.use(grpc)

  const postgres = scope.adopt(new Pool({ connectionString: servers.postgres.url, max: 5 }), (pool) =>
    pool.end(),
  )
  // Tests stop the server; the pool opens another connection at its next use.
  postgres.on('error', () => {})
  postgres.on('connect', (client) => client.on('error', () => {}))
  const mongo = scope.adopt(
    new MongoClient(servers.mongo.url, { serverSelectionTimeoutMS: 2_000 }),
    (client) => client.close(),
  )

  const { postgres: store, kafka, mongo: model, redis } = servers
  const serversAlone = [store, kafka, model, redis, toxiproxy, ...(jaeger ? [jaeger] : [])]
  const processes = [...serversAlone, ...services.map((service) => service.process)]
  const kept = scope.move()
  return {
    dir,
    servers,
    jaeger,
    proxies,
    callers,
    writers: [first, second],
    reader: readers[0],
    readers,
    postgres,
    mongo: mongo.db(),
    processes,
    startWriter: async (settings) =>
      leaving(await startWriter('writer-replica', { dir, env: { ...env, ...settings } })),
    startReader: async (settings) =>
      leaving(await startReader('reader-replica', { dir, env: { ...readersEnv, ...settings } })),
    async heal() {
      for (const server of processes) await server.kill('SIGCONT')
      await Promise.all(serversAlone.map((server) => server.start()))
      await toxiproxy.reset()
      await Promise.all(services.map((service) => service.process.start()))
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

function leaving<S extends Writer | Reader>(service: S): S & AsyncDisposable {
  const leave = async () => {
    service.grpc[Symbol.dispose]()
    await service.process.stop()
  }
  return { ...service, [Symbol.asyncDispose]: leave }
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
