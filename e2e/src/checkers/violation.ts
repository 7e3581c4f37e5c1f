/** The guarantees, each with the letter by which a run reports it. */
export const promises = {
  L: 'what is acknowledged is in the event store, the topic and the read model',
  D: 'one effect for each command and key',
  O: 'versions in order without a hole',
  C: 'the read model is the fold of the event store',
  M: 'no connection goes back in time',
  S: 'no cache entry differs from the model',
  P: 'progress within 30 s after the fault is healed',
  E: 'rejected records, and no others, are in the error topic',
} as const

export type Letter = keyof typeof promises

/** A guarantee that did not hold. `id`: the product at fault, where there is one. */
export type Violation = { promise: Letter; id?: string; what: string }

export function violation(promise: Letter, id: string, what: string): Violation {
  return { promise, id, what }
}

export function show({ promise, id, what }: Violation): string {
  return `${promise} ${id === undefined ? '' : `${id}: `}${what}`
}
