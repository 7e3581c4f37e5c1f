import type { TrafficOptions } from '../runner/traffic.ts'
import type { Check } from '../checkers/violation.ts'

/** A bug that is known in systems of this shape, as a change of files of the services. */
export type Bug = {
  name: string
  /** The check that must report it. */
  caughtBy: Check
  /** The scenario whose fault makes it visible. */
  scenario: string
  /** Instead of the traffic of the run, if that does not meet the bug. */
  traffic?: Partial<TrafficOptions>
  /** It begins with empty read models. */
  ownStack?: true
  changes: readonly Change[]
}

/** `find` occurs once in the file; `file` is the end of its path. */
export type Change = { file: string; find: string; instead: string }
