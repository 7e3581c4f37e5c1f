import { freePorts } from '@lockstep/local-infra/ports.ts'
import { type KafkaServer, startKafka } from '@lockstep/local-infra/servers/kafka.ts'
import { type MongoServer, startMongo } from '@lockstep/local-infra/servers/mongo.ts'
import { type PostgresServer, startPostgres } from '@lockstep/local-infra/servers/postgres.ts'
import { type RedisServer, startRedis } from '@lockstep/local-infra/servers/redis.ts'
import { type ToxiproxyServer, startToxiproxy } from '@lockstep/local-infra/servers/toxiproxy.ts'

export type Servers = {
  postgres: PostgresServer
  kafka: KafkaServer
  mongo: MongoServer
  redis: RedisServer
  toxiproxy: ToxiproxyServer
}

type Name = keyof Servers

export type StartOptions<N extends Name> = {
  /** Of a throwAwayDir, or a permanent folder. */
  dir: string
  only: readonly N[]
  /** Default: free ports. */
  ports?: Partial<Record<Name | 'kafkaController', number>>
  kafkaListeners?: { port: number; advertisedPort: number }[]
}

/** Starts the servers in parallel with throw-away settings. If one fails, the others are stopped. */
export async function startServers<N extends Name>(
  options: StartOptions<N>,
): Promise<Pick<Servers, N> & AsyncDisposable> {
  const { dir, only, kafkaListeners } = options
  const [postgres = 0, kafka = 0, kafkaController = 0, mongo = 0, redis = 0, toxiproxy = 0] =
    await freePorts(6)
  const ports = { postgres, kafka, kafkaController, mongo, redis, toxiproxy, ...options.ports }
  const start = {
    postgres: () => startPostgres({ dir, port: ports.postgres, throwAway: true }),
    kafka: () =>
      startKafka({
        dir,
        port: ports.kafka,
        controllerPort: ports.kafkaController,
        extraListeners: kafkaListeners ?? [],
      }),
    mongo: () => startMongo({ dir, port: ports.mongo }),
    redis: () => startRedis({ dir, port: ports.redis }),
    toxiproxy: () => startToxiproxy({ dir, port: ports.toxiproxy }),
  }

  await using scope = new AsyncDisposableStack()
  const started = await Promise.allSettled(
    only.map(async (name) => [name, scope.use(await start[name]())] as const),
  )
  const failure = started.find((outcome) => outcome.status === 'rejected')
  if (failure) throw failure.reason
  const servers = Object.fromEntries(
    started.flatMap((outcome) => ('value' in outcome ? [outcome.value] : [])),
  )
  const kept = scope.move()
  // Object.fromEntries loses the type of each key; the entries of `start` above have it.
  return Object.assign(servers as unknown as Pick<Servers, N>, {
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  })
}
