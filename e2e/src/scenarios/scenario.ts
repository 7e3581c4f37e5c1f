import type { Violation } from '../checkers/violation.ts'
import type { Attempt } from '../evidence/history.ts'
import type { Random } from '../runner/random.ts'
import type { Traffic, TrafficOptions } from '../runner/traffic.ts'
import type { Stack } from '../system/stack.ts'

/** A fault, how it is injected, and its texts in docs/failure-matrix.md. */
export type Scenario = {
  /** As on the command line. */
  name: string
  fails: string
  when: string
  recovers: string
  /** Belongs to the set that runs in a few minutes. */
  short?: boolean
  /** Not combined with another fault. */
  alone?: boolean
  traffic?: Partial<TrafficOptions>
  /** Whether the fault itself makes this violation unavoidable. */
  excuses?: (violation: Violation) => boolean
  /** Injects the fault, keeps it in force for its time, and heals what `heal` of the stack does not. */
  inject(injection: Injection): Promise<void>
  /** Ends what can only be ended when everything runs again, while the traffic continues. */
  afterwards?(injection: Injection): Promise<void>
}

/** What a scenario works with, while there is traffic. */
export type Injection = {
  stack: Stack
  random: Random
  traffic: Traffic
  /** Adds an entry to the timeline. */
  note(what: string): void
  /**
   * Reports a violation unless it holds; ignored when another fault is injected at the same time, because each
   * expectation is about one fault.
   */
  expect(holds: boolean, what: string): void
  /** Adds a command that did not go through a writer of the stack, and was applied. */
  record(attempt: Attempt): void
  /** Adds an aggregate, or the key of a record, that belongs to the scenario and to no command. */
  own(id: string): void
}
