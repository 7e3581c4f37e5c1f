import { promisify } from 'node:util'
import { withTimeout } from '../async/with-timeout.ts'

/**
 * How long a stopping server waits for its calls in progress, ms: more than the time limit of a command, and for HTTP
 * and then gRPC together well within the 24 s of the whole stop.
 */
const WITHIN_MS = 6_000

/**
 * Stops the intake of a server and waits for its calls in progress. A caller that has not sent its request, has not
 * read its response, or listens indefinitely, like a health watch, is disconnected after `withinMs`.
 */
export async function stopServer(
  stop: (done: (error?: Error) => void) => void,
  cut: () => void,
  withinMs = WITHIN_MS,
): Promise<void> {
  const stopped = promisify(stop)()
  await withTimeout(stopped, withinMs, cut)
  await stopped
}
