import { MongoClient } from 'mongodb'
import { Pool } from 'pg'
import { eventsTopic, projectionGroup } from '@lockstep/contracts/topics.ts'
import { eventually } from '@lockstep/e2e/system/eventually.ts'
import type { StackSettings } from '@lockstep/local-infra/stack/settings.ts'
import { brokerView } from '@lockstep/testkit/kafka/broker-view.ts'

export type Pipeline = AsyncDisposable & {
  /** Resolves when the outbox is empty. */
  published(): Promise<void>
  /** Resolves when the outbox is empty and the reader has committed all events. */
  projected(): Promise<void>
  /** The events that the reader has not committed. */
  backlog(): Promise<number>
  /** The events of products that one read model has not committed. */
  backlogOf(readModel: string): Promise<number>
  /** Lets the reader, which must be stopped, consume all products again for one read model. */
  rewind(readModel: string): Promise<void>
  /** Uses another database of the same Postgres from now on; without an argument, the first one. */
  follow(postgresUrl?: string): Promise<void>
}

const aggregates = ['product', 'stock']
const WITHIN_MS = 180_000
const EVERY_MS = 25

/** Watches, from outside of the services, how far events have come. */
export async function watchPipeline(settings: StackSettings): Promise<Pipeline> {
  const open = (connectionString: string) => new Pool({ connectionString, max: 1 })
  let postgres = open(settings.POSTGRES_URL)
  const mongo = new MongoClient(settings.MONGO_URL)
  const broker = await brokerView(settings.KAFKA_BROKERS)

  const backlog = async () => {
    const lags = aggregates.map((name) => broker.uncommitted(projectionGroup(name), eventsTopic(name)))
    return (await Promise.all(lags)).reduce((sum, lag) => sum + lag, 0)
  }
  const published = () =>
    eventually(
      async () => {
        const { rows } = await postgres.query('select from outbox limit 1')
        if (rows.length > 0) throw new Error('the outbox has entries')
      },
      { withinMs: WITHIN_MS, everyMs: EVERY_MS },
    )
  return {
    published,
    backlog,
    backlogOf: (readModel) => broker.uncommitted(projectionGroup(readModel), eventsTopic('product')),
    async projected() {
      await published()
      await eventually(
        async () => {
          const lag = await backlog()
          if (lag > 0) throw new Error(`${lag} events are not projected`)
        },
        { withinMs: WITHIN_MS, everyMs: EVERY_MS },
      )
    },
    async rewind(readModel) {
      await broker.setOffsets(projectionGroup(readModel), eventsTopic('product'), '0')
      await mongo.db().dropDatabase()
    },
    async follow(url = settings.POSTGRES_URL) {
      await postgres.end()
      postgres = open(url)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([postgres.end(), mongo.close(), broker[Symbol.asyncDispose]()])
    },
  }
}
