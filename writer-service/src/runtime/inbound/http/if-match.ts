import { invalid } from '@lockstep/core/errors/app-error.ts'
import type { ExpectedVersion } from '../../commands/ports.ts'

/**
 * The version that an `If-Match` header requires (RFC 9110, section 13.1.1): `"7"` is 7, and `*` is any version of an
 * aggregate that exists. Lists and weak tags have no meaning here and are invalid.
 */
export function expectedVersionOf(ifMatch: string | undefined): ExpectedVersion | undefined {
  if (ifMatch === undefined) return undefined
  if (ifMatch.trim() === '*') return 'any'
  const digits = /^"([1-9]\d{0,14})"$/.exec(ifMatch.trim())?.[1]
  if (digits === undefined) {
    throw invalid([{ field: 'If-Match', message: 'must be a version in quotes, like "3", or *' }])
  }
  return Number(digits)
}
