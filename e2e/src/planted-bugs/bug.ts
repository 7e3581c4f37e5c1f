import type { Letter } from '../checkers/violation.ts'

/** A bug that systems of this shape are known for, as a change of one of the services' files. */
export type Bug = {
  name: string
  /** The checker that has to catch it. */
  caughtBy: Letter
  /** The fault that brings it to light. */
  scenario: string
  changes: readonly Change[]
}

/** `find` stands in the file once; `file` is the end of its path. */
export type Change = { file: string; find: string; instead: string }
