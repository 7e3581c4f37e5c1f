import { AppError } from '@lockstep/core/errors/app-error.ts'
import { withSharedSpan } from '@lockstep/core/telemetry/tracing.ts'
import {
  aggregateKeyOf,
  decideBatch,
  type DecidedBatch,
  type DecidedGroup,
  type DecisionFacts,
  type PendingCommand,
} from './decide-batch.ts'
import { replay } from './idempotency.ts'
import type { Claim, CommandOutcome, CommitResult, EventStore, StoredAggregate } from './ports.ts'

/**
 * What a batch did for one of its commands. `repeat` means that it did nothing: another command was faster
 * (`conflict`), the batch was too large or its statement began too late for another command (`next_batch`), or the
 * database rejected the whole statement, and a batch of one command shows which command caused that (`alone`).
 */
export type Attempt =
  | { type: 'outcome'; outcome: CommandOutcome }
  | { type: 'failed'; error: unknown }
  | { type: 'repeat'; how: 'conflict' | 'next_batch' | 'alone' }

/**
 * Executes a batch, which has each idempotency key at most once. Never rejects. The result has each command whose
 * attempt has ended.
 */
export type ExecuteBatch = (batch: readonly PendingCommand[]) => Promise<Map<PendingCommand, Attempt>>

export type BatchParts = DecisionFacts & {
  store: EventStore
  /** Whether the relay must publish events before the outbox can take another one. */
  outboxIsFull: () => boolean
  /** Called after each commit, so that its events are published without delay. */
  onCommitted: () => void
}

/** Large enough for hundreds of usual events, and small enough for one statement. */
const MAX_EVENT_BYTES = 4 * 1024 * 1024

/** One read for all commands, decisions in memory, one commit. */
export function batchExecution(parts: BatchParts): ExecuteBatch {
  const { store, outboxIsFull, onCommitted } = parts

  return async (batch) => {
    const attempts = new Map<PendingCommand, Attempt>()
    const fail = (commands: readonly PendingCommand[], error: unknown) => {
      for (const each of commands) attempts.set(each, failure(error, batch))
    }
    try {
      const { stored, claims } = await read(store, batch)
      const undecided = replayClaimed(batch, claims, attempts)
      const full = outboxIsFull()
      const { groups, failed, rest } = full
        ? decideEach(undecided, stored, parts)
        : decideBatch(undecided, stored, parts, MAX_EVENT_BYTES)
      for (const { of, error } of failed) attempts.set(of, { type: 'failed', error })
      for (const each of rest) attempts.set(each, { type: 'repeat', how: 'next_batch' })
      const changing = groups.filter(({ commit }) => commit !== undefined)
      const unchanging = groups.filter(({ commit }) => commit === undefined)
      await Promise.all([
        storeResults(unchanging).catch((error: unknown) => fail(commandsOf(unchanging), error)),
        (full ? Promise.reject(outboxFull()) : commitAll(changing)).catch((error: unknown) =>
          fail(commandsOf(changing), error),
        ),
      ])
    } catch (error) {
      fail(
        batch.filter((each) => !attempts.has(each)),
        error,
      )
    }
    return attempts

    async function storeResults(groups: readonly DecidedGroup[]): Promise<void> {
      const claims = groups.flatMap((group) => group.claims)
      const stored = claims.length === 0 ? new Set() : await store.claim(claims)
      for (const { of, outcome } of groups.flatMap(({ decided }) => decided)) {
        attempts.set(of, of.key && !stored.has(of.key.key) ? conflict : { type: 'outcome', outcome })
      }
    }

    async function commitAll(groups: readonly DecidedGroup[]): Promise<void> {
      if (groups.length === 0) return
      const commits = groups.flatMap(({ commit }) => commit ?? [])
      const results = await shared('postgres.commit', commandsOf(groups), () => store.commit(commits))
      if (results.includes('committed')) onCommitted()
      for (const [index, group] of groups.entries()) {
        for (const { of, outcome } of group.decided) {
          attempts.set(of, attemptOf(results[index]!, outcome, of.deadline, parts.now()))
        }
      }
    }
  }
}

const conflict = { type: 'repeat', how: 'conflict' } as const

function attemptOf(result: CommitResult, outcome: CommandOutcome, deadline: number, now: Date): Attempt {
  if (result === 'committed') return { type: 'outcome', outcome }
  if (result === 'conflict') return conflict
  // A group has the earliest deadline of its commands: the others have time left.
  return now.getTime() >= deadline
    ? { type: 'failed', error: tooLate() }
    : { type: 'repeat', how: 'next_batch' }
}

/** An error that the whole statement shares says nothing about one command, unless it is an error of a dependency. */
function failure(error: unknown, batch: readonly PendingCommand[]): Attempt {
  if (error instanceof AppError || batch.length === 1) return { type: 'failed', error }
  return { type: 'repeat', how: 'alone' }
}

async function read(store: EventStore, batch: readonly PendingCommand[]) {
  const keys = batch.flatMap(({ key }) => key?.key ?? [])
  const targets = batch.filter(({ isNew }) => !isNew)
  const aggregates = new Map(
    targets.map((target) => [aggregateKeyOf(target), { type: target.aggregate.type, id: target.id }]),
  )
  const [stored, claims] = await Promise.all([
    aggregates.size === 0 ? [] : shared('postgres.load', targets, () => store.load([...aggregates.values()])),
    keys.length === 0 ? new Map<string, Claim>() : store.findClaims(keys),
  ])
  return { stored, claims }
}

/** Gives repeated commands their stored results, and returns the others. */
function replayClaimed(
  batch: readonly PendingCommand[],
  claims: ReadonlyMap<string, Claim>,
  attempts: Map<PendingCommand, Attempt>,
): readonly PendingCommand[] {
  if (claims.size === 0) return batch
  return batch.filter((each) => {
    const claim = each.key && claims.get(each.key.key)
    if (claim === undefined || each.key === undefined) return true
    try {
      attempts.set(each, { type: 'outcome', outcome: replay(claim, each.key) })
    } catch (error) {
      attempts.set(each, { type: 'failed', error })
    }
    return false
  })
}

/** With a full outbox no command may change the state on which another one is decided. */
function decideEach(
  commands: readonly PendingCommand[],
  stored: readonly StoredAggregate[],
  facts: DecisionFacts,
): DecidedBatch {
  const each = commands.map((command) => decideBatch([command], stored, facts))
  return {
    groups: each.flatMap(({ groups }) => groups),
    failed: each.flatMap(({ failed }) => failed),
    rest: [],
  }
}

const commandsOf = (groups: readonly DecidedGroup[]): PendingCommand[] =>
  groups.flatMap(({ decided }) => decided.map(({ of }) => of))

/** Each of the commands has the statement in its trace. */
function shared<T>(name: string, commands: readonly PendingCommand[], work: () => Promise<T>): Promise<T> {
  const parents = commands.map(({ traceparent }) => traceparent)
  return withSharedSpan(name, { kind: 'client', attributes: { commands: commands.length }, parents }, work)
}

const outboxFull = () => new AppError('overloaded', 'Too many events wait to be published; nothing was done')

export const tooLate = () => new AppError('deadline_exceeded', 'No time is left; this request did nothing')
