import { freePorts } from '@lockstep/local-infra/ports.ts'
import type { Server } from '@lockstep/local-infra/server.ts'
import { startService } from '@lockstep/local-infra/servers/service.ts'
import { runSetup, setupSteps } from '@lockstep/local-infra/stack/migrate.ts'
import { startServers, type Servers } from '@lockstep/local-infra/start-servers.ts'
import { throwAwayDir } from '@lockstep/local-infra/throw-away-dir.ts'

export type ServicePorts = { http: number; grpc: number; admin: number }

/** The whole of Lockstep on free ports with data that go with it. */
export type Stack = AsyncDisposable & {
  dir: string
  servers: Pick<Servers, 'postgres' | 'kafka' | 'mongo' | 'redis'>
  writer: Server
  reader: Server
  ports: { writer: ServicePorts; reader: ServicePorts }
  /** Where every part is, by the names of the settings. */
  env: Record<string, string>
}

/** Real servers, set up, and one process of each service. `settings` are added to the environment of both. */
export async function startStack(settings: Record<string, string> = {}): Promise<Stack> {
  await using scope = new AsyncDisposableStack()
  const { dir } = scope.use(await throwAwayDir())
  const servers = scope.use(await startServers({ dir, only: ['postgres', 'kafka', 'mongo', 'redis'] }))
  const env = {
    POSTGRES_URL: servers.postgres.url,
    KAFKA_BROKERS: servers.kafka.brokers.join(','),
    MONGO_URL: servers.mongo.url,
    REDIS_URL: servers.redis.url,
    DRAIN_DELAY_MS: '0',
    ...settings,
  }
  const steps = Object.keys(setupSteps) as (keyof typeof setupSteps)[]
  await Promise.all(steps.map((step) => runSetup(step, env)))

  const [w1, w2, w3, r1, r2, r3] = (await freePorts(6)) as [number, number, number, number, number, number]
  const ports = { writer: { http: w1, grpc: w2, admin: w3 }, reader: { http: r1, grpc: r2, admin: r3 } }
  const [writer, reader] = await Promise.all([
    startService({ name: 'writer', dir, env, ports: ports.writer }),
    startService({ name: 'reader', dir, env, ports: ports.reader }),
  ])
  scope.use(writer)
  scope.use(reader)

  const kept = scope.move()
  return {
    dir,
    servers,
    writer,
    reader,
    ports,
    env: {
      ...env,
      WRITER_HTTP_PORT: String(ports.writer.http),
      WRITER_GRPC_PORT: String(ports.writer.grpc),
      WRITER_ADMIN_PORT: String(ports.writer.admin),
      READER_HTTP_PORT: String(ports.reader.http),
      READER_GRPC_PORT: String(ports.reader.grpc),
      READER_ADMIN_PORT: String(ports.reader.admin),
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}
