import { productRecord } from '@lockstep/e2e/exact-totals/product-record.ts'
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
      const details = {
        name: 'Blue enamel teapot',
        description: 'Holds 1.2 l; dishwasher safe.',
        category: `category-${index % CATEGORIES}`,
        priceCents: 3490,
      }
      return productRecord({ id: crypto.randomUUID(), version: 1, details })
    })
    await broker.produce('product.events', (sent / PER_SEND) % PARTITIONS, records)
  }
}
