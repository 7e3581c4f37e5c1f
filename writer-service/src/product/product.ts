import { accepted, refused, unchanged, type Decision, type Facts } from '../runtime/decision.ts'

/** The rules of a product. Pure: a decision depends on its arguments only. */

export type ProductDetails = { name: string; description: string; category: string; priceCents: number }

/** A deleted product stays as a tombstone: its id is never reused. */
export type ProductState = { details: ProductDetails; deleted: boolean }

export type ProductCommand =
  | { type: 'create'; details: ProductDetails }
  | { type: 'update'; changes: Partial<ProductDetails> }
  | { type: 'delete' }

export type ProductEvent =
  | { type: 'created'; details: ProductDetails }
  | { type: 'updated'; details: ProductDetails; changedFields: (keyof ProductDetails)[] }
  | { type: 'deleted' }

export type ProductRefusal = 'not_found' | 'already_exists'

/** What the command changes, or why it is refused. Never throws: a refusal is a value. */
export function decide(
  state: ProductState | undefined,
  command: ProductCommand,
  { id }: Facts,
): Decision<ProductEvent, ProductRefusal> {
  if (command.type === 'create') {
    if (state !== undefined) {
      return refused('already_exists', `The id ${id} is or was in use; choose another`)
    }
    return accepted({ type: 'created', details: command.details })
  }
  if (state === undefined || state.deleted) return refused('not_found', `There is no product ${id}`)
  if (command.type === 'delete') return accepted({ type: 'deleted' })

  const details = { ...state.details, ...command.changes }
  const changedFields = fieldNames.filter((field) => details[field] !== state.details[field])
  if (changedFields.length === 0) return unchanged
  return accepted({ type: 'updated', details, changedFields })
}

/** The state after the event. */
export function evolve(state: ProductState | undefined, event: ProductEvent): ProductState {
  if (event.type !== 'deleted') return { details: event.details, deleted: false }
  if (state === undefined) throw new RangeError('a product is deleted before it is created')
  return { ...state, deleted: true }
}

const fieldNames = ['category', 'description', 'name', 'priceCents'] as const
