import { AppError } from '@lockstep/core/errors/app-error.ts'
import { currentTrace, withSpan } from '@lockstep/core/telemetry/tracing.ts'
import type { Aggregate } from '../aggregate.ts'
import { batchExecution, type BatchParts } from './execute-batch.ts'
import { groupCommit } from './group-commit.ts'
import { withFingerprint, type RequestedCommand } from './idempotency.ts'
import type { CommandOutcome } from './ports.ts'

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
 * Carries out a command, in a batch with others: load, decide, commit. On a conflict it is repeated, until the deadline.
 * With an idempotency key the command takes effect once, and a repeated command gets the stored result. Rejects with a
 * refusal, or with `overloaded`, `unavailable`, `outcome_unknown`, `deadline_exceeded` or `idempotency_mismatch`.
 */
export type ExecuteCommand = (
  aggregate: Aggregate,
  requested: RequestedCommand,
  call: CommandCall,
) => Promise<CommandResult>

export function executeCommands(
  parts: BatchParts & {
    newAggregateId: () => string
    /** Called with the number of commands of each batch. */
    onBatch: (commands: number) => void
  },
): ExecuteCommand {
  const execute = groupCommit({ ...parts, executeBatch: batchExecution(parts) })

  return (aggregate, requested, call) => {
    const { type } = aggregate
    const isNew = requested.id === undefined
    const id = requested.id ?? parts.newAggregateId()
    const key =
      call.idempotencyKey === undefined ? undefined : withFingerprint(call.idempotencyKey, type, requested)
    const name = `${type}.${requested.command.type}`
    return withSpan(name, { attributes: { [`${type}.id`]: id } }, async () => {
      const { requestId, deadline } = call
      const trace = currentTrace()
      const command = { ...requested, aggregate, id, isNew, requestId, key, ...trace, deadline }
      return resultOf(aggregate, await execute(command))
    })
  }
}

function resultOf({ refusals }: Aggregate, outcome: CommandOutcome): CommandResult {
  if (outcome.type === 'done') return { id: outcome.id, version: outcome.version }
  const { kind, code, detail, requestId } = outcome
  // A result that was stored before a deployment may have a code that is not declared any more.
  const title = refusals[code]?.title ?? code
  throw new AppError({ kind, code, title }, detail, { requestId })
}
