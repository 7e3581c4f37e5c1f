/** What the execution of commands requires of the event store: its functions, and the data that they exchange. */

import type { RefusalKind } from '@lockstep/core/errors/app-error.ts'
import type { AnyState } from '../aggregate.ts'

export type AggregateKey = { type: string; id: string }

/** The state of one aggregate, and its envelope. */
export type StoredAggregate = AggregateKey & {
  /** 1 for the first event; each event adds one. */
  version: number
  state: AnyState
  createdAt: Date
  updatedAt: Date
}

/** The result of a command. A refusal is a result as well; an invalid request or an error of ours is not. */
export type CommandOutcome =
  | { type: 'done'; id: string; version: number }
  | {
      type: 'refused'
      kind: RefusalKind
      code: string
      detail: string
      /** The first request that got this refusal; a replay shows it again. */
      requestId: string
    }

/** The version that a caller expects; `any`: the aggregate must exist. */
export type ExpectedVersion = number | 'any'

/** The idempotency key of a command; the fingerprint identifies the command. */
export type IdempotencyKey = { key: string; fingerprint: Buffer }

/** Takes a key for a command together with its result: a repeated command gets this result. */
export type Claim = IdempotencyKey & { outcome: CommandOutcome }

export type PendingEvent = {
  eventId: string
  version: number
  eventType: string
  payload: Buffer
  occurredAt: Date
  /** W3C traceparent and tracestate of the command, so that its trace continues behind the topic. */
  traceparent: string | undefined
  tracestate?: string | undefined
}

/** What one or more commands change in one aggregate: written completely or not at all. */
export type PendingCommit = {
  /** The version that was decided on; 0 if there was none. */
  baseVersion: number
  /** At least one, with the versions that follow `baseVersion`. */
  events: readonly PendingEvent[]
  next: StoredAggregate & { deleted: boolean }
  claims: readonly Claim[]
  /** Milliseconds since the epoch; the commit does not begin after it. */
  deadline: number
}

/**
 * `conflict`: the aggregate is no longer at `baseVersion`, or another command has one of the batch's idempotency keys;
 * load again and decide again. `too_late`: the deadline passed before the commit began. Both mean that nothing was done.
 */
export type CommitResult = 'committed' | 'conflict' | 'too_late'

export type EventStore = {
  /** The aggregates that exist, tombstones included, in any order. Throws `unavailable`. */
  load(keys: readonly AggregateKey[]): Promise<StoredAggregate[]>
  /** The claims on these idempotency keys, as far as there are any. Throws `unavailable`. */
  findClaims(keys: readonly string[]): Promise<Map<string, Claim>>
  /** Claims keys for results that change nothing. The keys that another command has are missing. Throws `unavailable`. */
  claim(claims: readonly Claim[]): Promise<Set<string>>
  /**
   * Writes each pending commit completely or not at all, all of them in one statement. The results are in the order of
   * the batch, which has each aggregate and each idempotency key at most once. Throws `unavailable` if nothing was done,
   * and `outcome_unknown` if that is not known, for the whole batch alike. Any other error is ours: nothing was done.
   */
  commit(batch: readonly PendingCommit[]): Promise<CommitResult[]>
}
