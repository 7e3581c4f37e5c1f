import type { Product, ProductEvent } from '../domain/product.ts'

/** An accepted decision: the event, and the state that it leads to. */
export type PendingCommit = {
  event: ProductEvent
  next: Product
  /** W3C traceparent of the command, so that its trace goes on behind the topic. */
  traceparent: string | undefined
}

/** `conflict`: the product is not at the version before the event any more; read and decide again. */
export type CommitResult = 'committed' | 'conflict'

export type ProductStore = {
  /** The states of those products that exist, tombstones included. Throws `unavailable`. */
  load(ids: readonly string[]): Promise<Map<string, Product>>
  /**
   * Writes each pending commit (state, event and outbox entry) or nothing of it; the results keep the
   * order of the batch, which has each product at most once. Throws `unavailable` when nothing was done
   * and `outcome_unknown` when that cannot be said.
   */
  commit(batch: readonly PendingCommit[]): Promise<CommitResult[]>
}
