import type { FieldViolation } from '@lockstep/core/errors/app-error.ts'

/**
 * The query parameters of a request. A parameter that is unknown or repeated is a violation: a caller who misspells a
 * filter must not get everything.
 */
export function queryParameters(
  url: string,
  names: readonly string[],
): { values: Readonly<Record<string, string | undefined>>; violations: FieldViolation[] } {
  const values: Record<string, string> = {}
  const violations: FieldViolation[] = []
  const query = url.indexOf('?')
  if (query < 0) return { values, violations }
  const given = new URLSearchParams(url.slice(query))
  for (const field of new Set(given.keys())) {
    const [value, ...more] = given.getAll(field)
    if (!names.includes(field)) violations.push({ field, message: 'is not a parameter of this request' })
    else if (more.length > 0) violations.push({ field, message: 'must be given once' })
    else values[field] = value!
  }
  return { values, violations }
}

/** NaN if the text is not a whole number in decimal digits; undefined stays undefined. */
export function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  return /^\d+$/.test(text) ? Number(text) : NaN
}
