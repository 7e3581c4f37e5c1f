/**
 * The rules of a product. Pure: a decision depends on the state, the command and the facts handed in, and
 * an event is folded into the state without looking anywhere else.
 */

export type ProductDetails = { name: string; description: string; category: string; priceCents: number }

/** A product as the writer knows it. A deleted one stays as a tombstone: its id never comes back. */
export type Product = {
  id: string
  /** 1 for the creation, then one more with every event. */
  version: number
  details: ProductDetails
  createdAt: Date
  updatedAt: Date
  deleted: boolean
}

export type ProductCommand =
  | { type: 'create'; id: string; details: ProductDetails }
  | { type: 'update'; id: string; changes: Partial<ProductDetails>; expectedVersion?: number }
  | { type: 'delete'; id: string; expectedVersion?: number }

export type ProductChange =
  | { type: 'created'; details: ProductDetails }
  | { type: 'updated'; details: ProductDetails; changedFields: (keyof ProductDetails)[] }
  | { type: 'deleted' }

export type ProductEvent = {
  id: string
  productId: string
  version: number
  occurredAt: Date
  createdAt: Date
  change: ProductChange
}

export type Decision =
  | { type: 'accepted'; event: ProductEvent }
  /** The command asks for what already is: no event, the version stays. */
  | { type: 'unchanged'; version: number }
  | { type: 'refused'; reason: 'not_found' | 'already_exists' }
  | { type: 'refused'; reason: 'version_conflict'; version: number }

/** What the command changes, or why it may not. Throws nothing: a refusal is a value. */
export function decide(
  state: Product | undefined,
  command: ProductCommand,
  facts: { at: Date; eventId: string },
): Decision {
  if (command.type === 'create') {
    if (state !== undefined) return { type: 'refused', reason: 'already_exists' }
    return accepted(state, command.id, { type: 'created', details: command.details }, facts)
  }
  if (state === undefined || state.deleted) return { type: 'refused', reason: 'not_found' }
  if (command.expectedVersion !== undefined && command.expectedVersion !== state.version) {
    return { type: 'refused', reason: 'version_conflict', version: state.version }
  }
  if (command.type === 'delete') return accepted(state, command.id, { type: 'deleted' }, facts)

  const details = { ...state.details, ...command.changes }
  const changedFields = fieldNames.filter((field) => details[field] !== state.details[field])
  if (changedFields.length === 0) return { type: 'unchanged', version: state.version }
  return accepted(state, command.id, { type: 'updated', details, changedFields }, facts)
}

/** The state after the event. */
export function evolve(state: Product | undefined, event: ProductEvent): Product {
  const { productId: id, version, createdAt, occurredAt: updatedAt, change } = event
  if (change.type !== 'deleted') {
    return { id, version, details: change.details, createdAt, updatedAt, deleted: false }
  }
  if (state === undefined) throw new RangeError(`product ${id} is deleted before it is created`)
  return { ...state, version, updatedAt, deleted: true }
}

const fieldNames = ['category', 'description', 'name', 'priceCents'] as const

function accepted(
  state: Product | undefined,
  productId: string,
  change: ProductChange,
  facts: { at: Date; eventId: string },
): Decision {
  // Clocks of several writers differ; a product's own times never run backwards.
  const occurredAt = state !== undefined && state.updatedAt > facts.at ? state.updatedAt : facts.at
  const event = {
    id: facts.eventId,
    productId,
    version: (state?.version ?? 0) + 1,
    occurredAt,
    createdAt: state?.createdAt ?? occurredAt,
    change,
  }
  return { type: 'accepted', event }
}
