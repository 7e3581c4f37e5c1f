import { randomUUID } from 'node:crypto'

/** Any UUID, in any case, as every edge accepts it (RFC 9562, section 4). Edges convert ids to lower case. */
export const uuidPattern = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/

export function isUuid(text: string): boolean {
  return uuidPattern.test(text)
}

/** The form in which ids are stored and published. */
export function isLowerCaseUuid(text: string): boolean {
  return isUuid(text) && text === text.toLowerCase()
}

/**
 * A UUIDv7 (RFC 9562, 5.7): 48 bits of time, and random bits from the pool that Node fills in advance. The package
 * `uuid` asks the system for random bytes on every call, which took a tenth of the CPU time of a command's request.
 */
export function uuidV7(now = Date.now()): string {
  const time = now.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`
}
