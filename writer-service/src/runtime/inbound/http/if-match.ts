import { invalid } from '@lockstep/core/errors/app-error.ts'

/**
 * The version that an `If-Match` header requires (RFC 9110, section 13.1.1): `"7"` is 7; `*` and no header require
 * none. Lists and weak tags have no meaning here and are invalid.
 */
export function expectedVersionOf(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined
  const digits = /^"([1-9]\d{0,14})"$/.exec(ifMatch.trim())?.[1]
  if (digits === undefined) {
    throw invalid([{ field: 'If-Match', message: 'must be a version in quotes, like "3", or *' }])
  }
  return Number(digits)
}
