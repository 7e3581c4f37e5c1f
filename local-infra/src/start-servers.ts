import { freePorts } from './ports.ts'
import { type KafkaServer, startKafka } from './servers/kafka.ts'
import { type MongoServer, startMongo } from './servers/mongo.ts'
import { type PostgresServer, startPostgres } from './servers/postgres.ts'
import { type RedisServer, startRedis } from './servers/redis.ts'
import { type ToxiproxyServer, startToxiproxy } from './servers/toxiproxy.ts'

export type Servers = {
  postgres: PostgresServer
  kafka: KafkaServer
  mongo: MongoServer
  redis: RedisServer
  toxiproxy: ToxiproxyServer
}

type Name = keyof Servers

export type StartOptions<N extends Name> = {
  /** Of a throwAwayDir, or one that stays. */
  dir: string
  only: readonly N[]
  /** Those left out are chosen among the free ones. */
  ports?: Partial<Record<Name | 'kafkaController', number>>
  kafkaListeners?: { port: number; advertisedPort: number }[]
}

/** Starts them side by side with throw-away settings; when one fails the others are stopped. */
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
  // Object.fromEntries forgets which key has which type; `start` above is what ties them.
  return Object.assign(servers as unknown as Pick<Servers, N>, {
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  })
}
