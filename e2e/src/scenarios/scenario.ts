import type { Attempt } from '../evidence/history.ts'
import type { Violation } from '../checkers/violation.ts'
import type { Stack } from '../system/stack.ts'
import type { Random } from '../runner/random.ts'
import type { Traffic, TrafficOptions } from '../runner/traffic.ts'

/** A fault, and what is said of it in docs/failure-matrix.md. */
export type Scenario = {
  /** As it is named on the command line. */
  name: string
  fails: string
  when: string
  recovers: string
  /** Belongs to the set that runs in a few minutes. */
  short?: boolean
  /** Not combined with another fault. */
  alone?: boolean
  traffic?: Partial<TrafficOptions>
  /** Whether the fault itself takes this promise away, so that nobody could keep it. */
  excuses?: (violation: Violation) => boolean
  /** Brings the fault about, leaves it in force for its time, and takes back what `mend` of the stack does not. */
  inject(world: World): Promise<void>
  /** Ends what can only be ended when everything runs again; the traffic still goes on. */
  afterwards?(world: World): Promise<void>
}

/** What a fault has to work on, while there is traffic. */
export type World = {
  stack: Stack
  random: Random
  traffic: Traffic
  /** Puts it on the timeline. */
  note(what: string): void
  /** A command that did not go through a writer of the stack, and was carried out. */
  record(attempt: Attempt): void
  /** A product, or the key of a record, that belongs to the scenario and to no command. */
  ours(id: string): void
}
