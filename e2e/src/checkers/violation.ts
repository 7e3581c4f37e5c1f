import type { State } from '../evidence/history.ts'

/** The properties that the checkers verify, by the names under which a run reports them. */
export const checks = {
  'lost writes': 'an acknowledged command is in the event store, in the topic and in the read model',
  'duplicate effects': 'a command and its idempotency key have one effect, and none when it was refused',
  order: 'versions are in order without a gap, in the event store and in the topic',
  convergence: 'the read model, the writer state and every response are what the events produce',
  'monotonic reads': 'no connection sees an older version after a newer one',
  totals: 'the totals of each group are those of the events, and never older than a caller may expect',
  histories: 'a history has every version down to the first, each as its event caused it, and is never older',
  'cache coherence': 'no cache entry differs from the read model',
  invariants: 'every stored or returned state satisfies the rules of its aggregate',
  progress: 'commands are readable within 30 s after the fault is healed',
  'dead letters': 'records that can never be handled, and no others, are in the error topic',
  'fault behaviour': 'during the fault the services respond as the scenario states',
} as const

export type Check = keyof typeof checks

/** A property that did not hold. `id`: the aggregate, where there is one. */
export type Violation = { check: Check; id?: string; what: string }

export function violation(check: Check, id: string, what: string): Violation {
  return { check, id, what }
}

export function show({ check, id, what }: Violation): string {
  return `${check}: ${id === undefined ? '' : `${id}: `}${what}`
}

/** The fields without the id, for a message. */
export function describeFields(state: State | undefined): string {
  if (state === undefined) return 'nothing'
  const { id: _, ...rest } = state
  return JSON.stringify(rest)
}
