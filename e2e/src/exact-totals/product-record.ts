import { eventRecord } from '@lockstep/contracts/event-contract.ts'
import type { ProductEvent } from '@lockstep/contracts/gen/lockstep/product/v1/events.ts'
import type { ProductDetails } from '@lockstep/contracts/gen/lockstep/product/v1/product.ts'
import { productEvents } from '@lockstep/contracts/product-events.ts'
import type { OutgoingRecord } from '@lockstep/core/kafka/client/record.ts'

export type PublishedProduct = { id: string; version: number; details: ProductDetails | undefined }

/** The record that the relay publishes for this version of a product. Without details, the version is its deletion. */
export function productRecord({ id, version, details }: PublishedProduct): Partial<OutgoingRecord> {
  const [eventId, at] = [crypto.randomUUID(), new Date()]
  const change = changeOf(version, details)
  const event = { eventId, productId: id, version, occurredAt: at, createdAt: at, change }
  const { key, value, headers } = eventRecord({
    aggregate: 'product',
    id,
    eventId,
    type: productEvents.types[change.$case],
    occurredAt: at,
    payload: productEvents.encode(event),
    traceparent: undefined,
  })
  const bytes = Object.entries(headers).map(([name, text]) => [name, [Buffer.from(text)]])
  return { key: Buffer.from(key), value, headers: Object.fromEntries(bytes) }
}

function changeOf(
  version: number,
  details: PublishedProduct['details'],
): NonNullable<ProductEvent['change']> {
  if (!details) return { $case: 'deleted', deleted: {} }
  if (version === 1) return { $case: 'created', created: { details } }
  return { $case: 'updated', updated: { details, changedFields: ['category', 'priceCents'] } }
}
