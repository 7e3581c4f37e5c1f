import { errorTopic, groups, topics } from '@lockstep/contracts/topics.ts'
import { decodeProductEvent } from '@lockstep/contracts/product-event-codec.ts'
import { brokerView } from '@lockstep/core/kafka/testing/broker-view.ts'
import { statusOf } from './clients/grpc-client.ts'
import type { Attempt } from './clients/send-command.ts'
import { eventually } from './eventually.ts'
import {
  faultsOfAnswers,
  faultsOfModel,
  faultsOfStore,
  faultsOfTopic,
  type Event,
  type History,
  type ModelEntry,
} from './history/faults.ts'
import type { Stack } from './stack.ts'

/**
 * Compares everything that the system keeps of these commands' products with what their callers were told: the event
 * store, the topic, the read model and what queries answer. Waits first, `withinMs` at most, until all is published
 * and projected. Gives every difference.
 */
export async function faultsIn(
  stack: Stack,
  attempts: readonly Attempt[],
  { withinMs }: { withinMs: number },
): Promise<string[]> {
  const ids = [...new Set(attempts.map(({ id }) => id))]
  const history = await readStore(stack, ids)
  const behind = await untilCaughtUp(stack, history, withinMs)
  return [
    ...behind,
    ...faultsOfStore(history),
    ...faultsOfAnswers(attempts, history),
    ...faultsOfModel(await readModel(stack, ids), history),
    ...(await faultsOnBroker(stack, history)),
    ...(await faultsOfQueries(stack, history)),
  ]
}

export async function readStore({ postgres }: Stack, ids: readonly string[]): Promise<History> {
  const { rows } = await postgres.query<{ payload: Buffer }>(
    'select payload from product_events where product_id = any ($1::uuid[]) order by product_id, version',
    [ids],
  )
  return Map.groupBy(
    rows.map(({ payload }) => eventOf(payload)),
    ({ id }) => id,
  )
}

function eventOf(payload: Buffer): Event {
  const { productId: id, version, eventId, change } = decodeProductEvent(payload)
  const type = change?.$case ?? 'deleted'
  const mark =
    change?.$case === 'created'
      ? change.created.details?.name
      : change?.$case === 'updated'
        ? change.updated.details?.name
        : undefined
  return { id, version, eventId, payload, change: type, mark }
}

async function untilCaughtUp(stack: Stack, history: History, withinMs: number): Promise<string[]> {
  const ids = [...history.keys()]
  const look = async () => {
    const { rowCount } = await stack.postgres.query(
      'select from outbox where product_id = any ($1::uuid[])',
      [ids],
    )
    if (rowCount !== 0) throw new Error(`${rowCount} events wait in the outbox`)
    const [fault] = faultsOfModel(await readModel(stack, ids), history)
    if (fault !== undefined) throw new Error(fault)
  }
  const caughtUp = eventually(look, { withinMs, everyMs: 200 })
  return caughtUp.then(
    () => [],
    (error: Error) => [error.message],
  )
}

async function readModel({ mongo }: Stack, ids: readonly string[]): Promise<ModelEntry[]> {
  const documents = mongo.collection<{ _id: string; version: number; deleted: boolean; name?: string }>(
    'products',
  )
  const found = await documents.find({ _id: { $in: [...ids] } }).toArray()
  return found.map(({ _id, version, deleted, name }) => ({ id: _id, version, deleted, name }))
}

async function faultsOnBroker({ servers }: Stack, history: History): Promise<string[]> {
  await using view = await brokerView(servers.kafka.brokers)
  const ours = ({ key }: { key: Buffer | null }) => history.has(key?.toString() ?? '')
  const published = (await view.recordsOf(topics.productEvents)).filter(ours)
  const records = published.map(({ value }) => {
    const payload = value ?? Buffer.alloc(0)
    const { productId: id, version } = decodeProductEvent(payload)
    return { id, version, payload }
  })
  const givenUp = (await view.recordsOf(errorTopic(groups.productProjection))).filter(ours)
  return [
    ...faultsOfTopic(records, history),
    ...givenUp.map(({ key, offset }) => `${key?.toString()}: a record was given up (offset ${offset})`),
  ]
}

async function faultsOfQueries({ reader }: Stack, history: History): Promise<string[]> {
  const faults: string[] = []
  for (const [id, events] of history) {
    const last = events.at(-1)
    if (!last) continue
    const asked = reader.grpc.getProduct({ id, minVersion: last.version })
    if (last.change === 'deleted') {
      const status = await statusOf(asked)
      if (status !== 'NOT_FOUND') faults.push(`${id}: is deleted, a query answers ${status}`)
      continue
    }
    const name = await asked.then(
      ({ product }) => product?.name,
      (error: Error) => error.message,
    )
    if (name !== last.mark) faults.push(`${id}: a query answers ${name} instead of ${last.mark}`)
  }
  return faults
}
