import { randomUUID } from 'node:crypto'
import type { CommandCall } from '../product/app/execute-command.ts'
import type { Claim, PendingCommit } from '../product/app/ports.ts'
import { decide, evolve, type Product, type ProductCommand } from '../product/domain/product.ts'

export const tea = { name: 'Tea', description: 'Green', category: 'tea', priceCents: 250 }

/** What the command would commit; throws when the domain refuses it. */
export function pending(state: Product | undefined, command: ProductCommand, claim?: Claim): PendingCommit {
  const decision = decide(state, command, { at: new Date(), eventId: randomUUID() })
  if (decision.type !== 'accepted') throw new Error(`refused: ${JSON.stringify(decision)}`)
  return {
    event: decision.event,
    next: evolve(state, decision.event),
    traceparent: undefined,
    claim,
    deadline: Infinity,
  }
}

export const creation = (id: string = randomUUID()) =>
  pending(undefined, { type: 'create', id, details: tea })

/** A call with twenty seconds of time. */
export function callWith(idempotencyKey?: string): CommandCall {
  return { requestId: randomUUID(), deadline: Date.now() + 20_000, idempotencyKey }
}
