import { setTimeout as sleep } from 'node:timers/promises'
import { backoff } from '@lockstep/core/async/backoff.ts'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import { currentTraceparent, withSpan } from '@lockstep/core/telemetry/tracing.ts'
import type { Aggregate } from '../aggregate.ts'
import { decideBatch, type DecisionFacts, type PendingCommand } from './decide-batch.ts'
import { replay, withFingerprint, type RequestedCommand } from './idempotency.ts'
import type { CommandOutcome, EventStore, StoredResults } from './ports.ts'

export type CommandResult = { id: string; version: number }

export type CommandCall = {
  requestId: string
  /**
   * Milliseconds since the epoch. After it nothing new begins, so `deadline_exceeded` means that this request
   * did nothing; work in progress is finished.
   */
  deadline: number
  idempotencyKey: string | undefined
}

/**
 * Carries out a command: load, decide, commit. On a conflict it starts again, until the deadline. With an idempotency
 * key the command takes effect once, and a repeated command gets the stored result. Rejects with a refusal, or with
 * `overloaded`, `unavailable`, `outcome_unknown`, `deadline_exceeded` or `idempotency_mismatch`.
 */
export type ExecuteCommand = (
  aggregate: Aggregate,
  requested: RequestedCommand,
  call: CommandCall,
) => Promise<CommandResult>

export function executeCommands(
  options: DecisionFacts & {
    store: EventStore
    results: StoredResults
    newAggregateId: () => string
    /** Whether the relay must publish events before the outbox can take another one. */
    outboxIsFull: () => boolean
    /** Called after each commit, so that its event is published without delay. */
    onCommitted: () => void
  },
): ExecuteCommand {
  const { store, results } = options

  /** Undefined on a conflict with another command. */
  async function attempt(command: PendingCommand): Promise<CommandOutcome | undefined> {
    const { aggregate, id, key } = command
    const earlier = key && (await results.find(key.key))
    if (earlier && key) return replay(earlier, key)

    const stored = await store.load([{ type: aggregate.type, id }])
    const [group] = decideBatch([command], stored, options)
    const outcome = group?.decided[0]?.outcome
    if (group?.commit === undefined) {
      const [claim] = group?.claims ?? []
      return claim === undefined || (await results.store(claim)) ? outcome : undefined
    }
    if (options.outboxIsFull()) {
      throw new AppError('overloaded', 'Too many events wait to be published; nothing was done')
    }
    const [result] = await store.commit([group.commit])
    if (result === 'too_late') throw tooLate()
    if (result === 'conflict') return undefined
    options.onCommitted()
    return outcome
  }

  return (aggregate, requested, call) => {
    const { type } = aggregate
    const id = requested.id ?? options.newAggregateId()
    const key =
      call.idempotencyKey === undefined ? undefined : withFingerprint(call.idempotencyKey, type, requested)
    const name = `${type}.${requested.command.type}`
    return withSpan(name, { attributes: { [`${type}.id`]: id } }, async () => {
      const { requestId, deadline } = call
      const traceparent = currentTraceparent()
      const command: PendingCommand = { ...requested, aggregate, id, requestId, key, traceparent, deadline }
      for (let conflicts = 0; ; conflicts++) {
        if (conflicts > 0) await sleep(backoff(conflicts, MAX_BACKOFF_MS, { baseMs: 1 }))
        if (options.now().getTime() >= deadline) throw tooLate()
        const outcome = await attempt(command)
        if (outcome) return resultOf(aggregate, outcome)
      }
    })
  }
}

/** Longest pause before another attempt on an aggregate that many callers change at once. */
const MAX_BACKOFF_MS = 32

const tooLate = () => new AppError('deadline_exceeded', 'No time is left; this request did nothing')

function resultOf({ refusals }: Aggregate, outcome: CommandOutcome): CommandResult {
  if (outcome.type === 'done') return { id: outcome.id, version: outcome.version }
  const { kind, code, detail, requestId } = outcome
  // A result that was stored before a deployment may have a code that is not declared any more.
  const title = refusals[code]?.title ?? code
  throw new AppError({ kind, code, title }, detail, { requestId })
}
