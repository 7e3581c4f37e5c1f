import { ProductEvent } from './gen/lockstep/product/v1/events.ts'
import { eventHeaders, topics } from './topics.ts'

/** Codec of the topic `product.events`: protobuf values, CloudEvents headers in binary mode. */

export type ProductEventType =
  | 'lockstep.product.v1.ProductCreated'
  | 'lockstep.product.v1.ProductUpdated'
  | 'lockstep.product.v1.ProductDeleted'

export const productEventTypes = {
  created: 'lockstep.product.v1.ProductCreated',
  updated: 'lockstep.product.v1.ProductUpdated',
  deleted: 'lockstep.product.v1.ProductDeleted',
} as const satisfies Record<string, ProductEventType>

/** An event as the event store keeps it: encoded, with what its headers are made of. */
export type StoredProductEvent = {
  eventId: string
  productId: string
  type: string
  occurredAt: Date
  payload: Buffer
  traceparent: string | undefined
}

export function encodeProductEvent(event: ProductEvent): Buffer {
  return Buffer.from(ProductEvent.encode(event).finish())
}

/** Throws when the bytes are not a ProductEvent. */
export function decodeProductEvent(value: Uint8Array): ProductEvent {
  return ProductEvent.decode(value)
}

/** The record that carries the event. */
export function productEventRecord(event: StoredProductEvent) {
  return {
    topic: topics.productEvents,
    key: event.productId,
    value: event.payload,
    headers: {
      [eventHeaders.specVersion]: '1.0',
      [eventHeaders.id]: event.eventId,
      [eventHeaders.type]: event.type,
      [eventHeaders.source]: '/lockstep/writer',
      [eventHeaders.time]: event.occurredAt.toISOString(),
      [eventHeaders.contentType]: 'application/protobuf',
      ...(event.traceparent !== undefined && { [eventHeaders.traceparent]: event.traceparent }),
    },
  }
}
