/** Exit code 1: the command did what it should and found a problem, or could not do it. */
export class Problem extends Error {
  override readonly name = 'Problem'
}

/** Exit code 2: the command line cannot mean anything. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
