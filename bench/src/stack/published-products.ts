import { eventRecord } from '@lockstep/contracts/event-contract.ts'
import { productEvents } from '@lockstep/contracts/product-events.ts'
import type { StackSettings } from '@lockstep/local-infra/stack/settings.ts'
import { brokerView } from '@lockstep/testkit/kafka/broker-view.ts'

/** As many as the relay sends at a time when it has a backlog. */
const PER_SEND = 500
const PARTITIONS = 6
const CATEGORIES = 50

/** Publishes the events of new products past the writer, which would take longer than their projection. */
export async function publishProducts({ KAFKA_BROKERS }: StackSettings, count: number): Promise<void> {
  await using broker = await brokerView(KAFKA_BROKERS)
  for (let sent = 0; sent < count; sent += PER_SEND) {
    const records = Array.from({ length: PER_SEND }, (_, index) => {
      const { key, value, headers } = createdProduct(`category-${index % CATEGORIES}`)
      return {
        key: Buffer.from(key),
        value,
        headers: Object.fromEntries(
          Object.entries(headers).map(([name, text]) => [name, [Buffer.from(text)]]),
        ),
      }
    })
    await broker.produce('product.events', (sent / PER_SEND) % PARTITIONS, records)
  }
}

function createdProduct(category: string) {
  const [eventId, productId, at] = [crypto.randomUUID(), crypto.randomUUID(), new Date()]
  const details = {
    name: 'Blue enamel teapot',
    description: 'Holds 1.2 l; dishwasher safe.',
    category,
    priceCents: 3490,
  }
  const payload = productEvents.encode({
    eventId,
    productId,
    version: 1,
    occurredAt: at,
    createdAt: at,
    change: { $case: 'created', created: { details } },
  })
  const type = productEvents.types.created
  return eventRecord({
    aggregate: 'product',
    id: productId,
    eventId,
    type,
    occurredAt: at,
    payload,
    traceparent: undefined,
  })
}
