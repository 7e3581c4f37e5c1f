import type { Product } from '../../product/domain/product.ts'

/** The place of an event in the order of product and version. */
export type EventPosition = { productId: string; version: number }

export type EventRange = {
  /** Left out: of all products. */
  productId?: string | undefined
  since?: Date | undefined
  until?: Date | undefined
}

export type RequeuedBatch = {
  scanned: number
  queued: number
  /** Undefined when there was nothing left to look at. */
  last: EventPosition | undefined
}

/** The event store and the outbox, as operators use them. Rejects with `unavailable`. */
export type EventQueue = {
  /** How many events there are to look at; an estimate when they are many. */
  count: (range: EventRange) => Promise<number>
  /** Looks at the next events behind `after`, at most `limit`, and puts those of the range into the outbox. */
  requeue: (
    range: EventRange,
    options: { after: EventPosition | undefined; limit: number; dryRun: boolean },
  ) => Promise<RequeuedBatch>
  /** Entries of the outbox, counted up to `limit`. */
  depth: (limit: number) => Promise<number>
}

/** A product as commands are decided on it, and in what it differs from its own last event. */
export type AuditedProduct = { state: Product; faults: readonly string[] }

/** The states, as operators read them. Rejects with `unavailable`. */
export type ProductStates = {
  /** In the order of ids. */
  list: (range: {
    afterId: string | undefined
    upToId: string | undefined
    limit: number
  }) => Promise<AuditedProduct[]>
  /** Those that there are, in any order. */
  find: (ids: readonly string[]) => Promise<AuditedProduct[]>
}
