import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import { currentTraceparent, withSpan } from '@lockstep/core/telemetry/tracing.ts'
import { decide, evolve, type Decision, type ProductCommand } from '../domain/product.ts'
import type { ProductStore } from './ports.ts'

export type CommandResult = { id: string; version: number }

/**
 * Carries a command out: read, decide, commit; again from the start when somebody else was faster.
 * `deadline` is in milliseconds since the epoch. After it no new attempt begins, so
 * `deadline_exceeded` means that nothing was done.
 */
export type ExecuteCommand = (command: ProductCommand, deadline: number) => Promise<CommandResult>

export function executeCommandOn(options: {
  store: ProductStore
  now: () => Date
  newEventId: () => string
  /** Called after each commit, so that its event is published without delay. */
  onCommitted: () => void
}): ExecuteCommand {
  const { store } = options
  return (command, deadline) =>
    withSpan(`product.${command.type}`, { attributes: { 'product.id': command.id } }, async () => {
      for (let attempt = 0; ; attempt++) {
        if (attempt > 0) await sleep(Math.random() * Math.min(2 ** attempt, MAX_BACKOFF_MS))
        if (Date.now() >= deadline)
          throw new AppError('deadline_exceeded', 'No time is left; nothing was done')
        const state = (await store.load([command.id])).get(command.id)
        const decision = decide(state, command, { at: options.now(), eventId: options.newEventId() })
        if (decision.type === 'refused') throw refusal(command.id, decision)
        if (decision.type === 'unchanged') return { id: command.id, version: decision.version }

        const { event } = decision
        const pending = { event, next: evolve(state, event), traceparent: currentTraceparent() }
        const [result] = await store.commit([pending])
        if (result === 'committed') {
          options.onCommitted()
          return { id: command.id, version: event.version }
        }
      }
    })
}

/** Longest pause before another attempt on a product that many callers change at once. */
const MAX_BACKOFF_MS = 32

function refusal(id: string, decision: Extract<Decision, { type: 'refused' }>): AppError {
  switch (decision.reason) {
    case 'not_found':
      return new AppError('not_found', `There is no product ${id}`)
    case 'already_exists':
      return new AppError('already_exists', `The id ${id} is taken, or was once; choose another`)
    case 'version_conflict':
      return new AppError(
        'version_conflict',
        `The product is at version ${decision.version}; read it and try again`,
      )
  }
}
