/** Exit code 1: the command found a problem or could not do its work. */
export class Problem extends Error {
  override readonly name = 'Problem'
}

/** Exit code 2: the command line is not valid. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
