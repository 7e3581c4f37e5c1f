import { randomUUID } from 'node:crypto'

/** 1-255 visible ASCII characters: UUIDs, base64, `Root=1-6789;Parent=5`, and whatever else load balancers send. */
const requestIdPattern = /^[!-~]{1,255}$/

/**
 * The id of a request, for both protocols: the caller's `X-Request-Id` (`x-request-id` in gRPC metadata), or a new UUID
 * if there is none, or if it breaks the rule above. An id is for logs only, so no request fails because of it.
 */
export function requestIdOf(given: string | undefined): string {
  return given !== undefined && requestIdPattern.test(given) ? given : randomUUID()
}
