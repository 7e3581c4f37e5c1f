/** What a slice decides about a command. This file is pure: a slice's domain imports it, and nothing else. */

/** What the runtime gives a decision to work with, beside the state and the command. */
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
