import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import { currentTraceparent, withSpan } from '@lockstep/core/telemetry/tracing.ts'
import { decide, evolve, type Decision, type ProductCommand } from '../domain/product.ts'
import { firstOutcome, keyed, type RequestedCommand } from './idempotency.ts'
import type { CommandOutcome, CommandResults, KeyedCommand, ProductStore } from './ports.ts'

export type CommandResult = { id: string; version: number }

export type CommandCall = {
  requestId: string
  /**
   * Milliseconds since the epoch. After it nothing new begins, so `deadline_exceeded` means that nothing was done;
   * what had begun is carried to its end.
   */
  deadline: number
  idempotencyKey: string | undefined
}

/**
 * Carries a command out: read, decide, commit; again from the start when somebody else was faster. With an
 * idempotency key it takes effect once, and whoever sends it again gets the first answer.
 */
export type ExecuteCommand = (command: RequestedCommand, call: CommandCall) => Promise<CommandResult>

export function executeCommandOn(options: {
  store: ProductStore
  results: CommandResults
  now: () => Date
  newProductId: () => string
  newEventId: () => string
  /** Whether no event can be taken on before others were published. */
  outboxIsFull: () => boolean
  /** Called after each commit, so that its event is published without delay. */
  onCommitted: () => void
}): ExecuteCommand {
  const { store, results } = options

  /** Undefined when somebody else was faster. */
  async function attempt(
    command: ProductCommand,
    call: CommandCall,
    key: KeyedCommand | undefined,
  ): Promise<CommandOutcome | undefined> {
    const earlier = key && (await results.recall(key.key))
    if (earlier) return firstOutcome(earlier, key)

    const state = (await store.load([command.id])).get(command.id)
    const decision = decide(state, command, { at: options.now(), eventId: options.newEventId() })
    const outcome = outcomeOf(command.id, decision, call.requestId)
    const claim = key && { ...key, outcome }
    if (decision.type !== 'accepted') {
      return claim === undefined || (await results.remember(claim)) ? outcome : undefined
    }
    if (options.outboxIsFull()) {
      throw new AppError('overloaded', 'Too many events wait to be published; nothing was done')
    }
    const { event } = decision
    const { deadline } = call
    const pending = { event, next: evolve(state, event), traceparent: currentTraceparent(), claim, deadline }
    const [result] = await store.commit([pending])
    if (result === 'too_late') throw tooLate()
    if (result === 'conflict') return undefined
    options.onCommitted()
    return outcome
  }

  return (requested, call) => {
    const command = { ...requested, id: requested.id ?? options.newProductId() }
    const key = call.idempotencyKey === undefined ? undefined : keyed(call.idempotencyKey, requested)
    return withSpan(`product.${command.type}`, { attributes: { 'product.id': command.id } }, async () => {
      for (let conflicts = 0; ; conflicts++) {
        if (conflicts > 0) await sleep(Math.random() * Math.min(2 ** conflicts, MAX_BACKOFF_MS))
        if (Date.now() >= call.deadline) throw tooLate()
        const outcome = await attempt(command, call, key)
        if (outcome) return resultOf(outcome)
      }
    })
  }
}

/** Longest pause before another attempt on a product that many callers change at once. */
const MAX_BACKOFF_MS = 32

const tooLate = () => new AppError('deadline_exceeded', 'No time is left; nothing was done')

function outcomeOf(id: string, decision: Decision, requestId: string): CommandOutcome {
  if (decision.type === 'accepted') return { type: 'done', id, version: decision.event.version }
  if (decision.type === 'unchanged') return { type: 'done', id, version: decision.version }
  return { type: 'refused', code: decision.reason, detail: refusalDetail(id, decision), requestId }
}

function refusalDetail(id: string, refusal: Extract<Decision, { type: 'refused' }>): string {
  switch (refusal.reason) {
    case 'not_found':
      return `There is no product ${id}`
    case 'already_exists':
      return `The id ${id} is taken, or was once; choose another`
    case 'version_conflict':
      return `The product is at version ${refusal.version}; read it and try again`
  }
}

function resultOf(outcome: CommandOutcome): CommandResult {
  if (outcome.type === 'done') return { id: outcome.id, version: outcome.version }
  throw new AppError(outcome.code, outcome.detail, { requestId: outcome.requestId })
}
