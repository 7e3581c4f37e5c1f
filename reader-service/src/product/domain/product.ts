/** A product as queries show it. Times are exact to the millisecond. */
export type Product = {
  readonly id: string
  /** 1 for the creation, then one more with every event. */
  readonly version: number
  readonly name: string
  readonly description: string
  readonly category: string
  readonly priceCents: number
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly deleted: false
}

/**
 * What is left of a deleted product. It keeps the version, so that a late older event cannot bring the
 * product back and a caller who waits for the deletion can be told that it happened.
 */
export type Tombstone = {
  readonly id: string
  readonly version: number
  readonly deleted: true
}

/** Everything the read model may hold of an id. */
export type ProductState = Product | Tombstone

/** An event carries the whole state after the change, so one event is enough to be right. */
export type ProjectedEvent = {
  readonly eventId: string
  readonly occurredAt: Date
  /** W3C trace context of the command that caused it. */
  readonly traceparent?: string
  readonly state: ProductState
}
