import { randomUUID } from 'node:crypto'

/** The caller's `x-request-id`, or a new one if it has none that a log line should carry. */
export function requestIdOf(given: unknown): string {
  return typeof given === 'string' && given !== '' && given.length <= 128 ? given : randomUUID()
}
