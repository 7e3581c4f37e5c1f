import type { Product, ProductEvent } from '../domain/product.ts'

/** What a command came to. Refusals by the domain are outcomes as well; a fault of ours or a bad request is not. */
export type CommandOutcome =
  | { type: 'done'; id: string; version: number }
  | {
      type: 'refused'
      code: 'not_found' | 'already_exists' | 'version_conflict'
      detail: string
      /** The request that was answered so first; it stands in the body of the answer. */
      requestId: string
    }

/** An idempotency key, and the command that it stands for. */
export type KeyedCommand = { key: string; fingerprint: Buffer }

/** Taking a key for a command together with its outcome: whoever comes later with the key gets this one. */
export type Claim = KeyedCommand & { outcome: CommandOutcome }

/** An accepted decision: the event, and the state that it leads to. */
export type PendingCommit = {
  event: ProductEvent
  next: Product
  /** W3C traceparent of the command, so that its trace goes on behind the topic. */
  traceparent: string | undefined
  /** Made with the rest or not at all. */
  claim: Claim | undefined
  /** Milliseconds since the epoch; the commit is not begun after it. */
  deadline: number
}

/**
 * `conflict`: the product is not at the version before the event any more, or another command has the key; look
 * again and decide again. `too_late`: its deadline passed before it could begin; nothing was done.
 */
export type CommitResult = 'committed' | 'conflict' | 'too_late'

export type ProductStore = {
  /** The states of those products that exist, tombstones included. Throws `unavailable`. */
  load(ids: readonly string[]): Promise<Map<string, Product>>
  /**
   * Writes each pending commit (state, event, outbox entry and claim) or nothing of it; the results keep the
   * order of the batch, which has each product and each key at most once. Throws `unavailable` when nothing was
   * done and `outcome_unknown` when that cannot be said.
   */
  commit(batch: readonly PendingCommit[]): Promise<CommitResult[]>
}

export type CommandResults = {
  /** The claim on this key; undefined while there is none. Throws `unavailable`. */
  recall(key: string): Promise<Claim | undefined>
  /** Claims a key for an outcome that changes nothing; false when another command has it. Throws `unavailable`. */
  remember(claim: Claim): Promise<boolean>
}
