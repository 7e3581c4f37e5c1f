/**
 * What a slice decides about a command. This file is pure, and the only file of the runtime that a slice's domain imports.
 */

/**
 * What a decision may use besides the state and the command. `at`: the time of the event, never before the previous one.
 */
export type Facts = { id: string; at: Date }

export type Decision<Event, Code extends string = string> =
  | { type: 'accepted'; event: Event }
  /** The command asks for the current state: no event is written, and the version does not change. */
  | { type: 'unchanged' }
  | { type: 'refused'; code: Code; detail: string }

export const accepted = <const Event>(event: Event) => ({ type: 'accepted', event }) as const

export const unchanged = { type: 'unchanged' } as const

/** @param detail the sentence that the caller reads: what is wrong, and what to do next */
export const refused = <const Code extends string>(code: Code, detail: string) =>
  ({ type: 'refused', code, detail }) as const
