import type { Attempt, State } from '../evidence/history.ts'

/** Whether the state already is as the command requests it: then it is acknowledged without an event of its own. */
export function isUnchanged(
  state: State | undefined,
  { unchangedIf }: Pick<Attempt, 'unchangedIf'>,
): boolean {
  if (!state || !unchangedIf) return false
  return Object.entries(unchangedIf).every(([field, value]) => state[field] === value)
}
