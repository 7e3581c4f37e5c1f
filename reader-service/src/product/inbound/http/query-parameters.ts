import type { FieldViolation } from '@lockstep/core/errors/app-error.ts'

/**
 * The query parameters of a request. One that is not among the names, or stands there twice, is a fault:
 * a caller who misspells a filter must not get everything.
 */
export function queryParameters<const Name extends string>(
  url: string,
  names: readonly Name[],
): { values: Partial<Record<Name, string>>; violations: FieldViolation[] } {
  const values: Partial<Record<Name, string>> = {}
  const violations: FieldViolation[] = []
  const given = new URL(url).searchParams
  for (const field of new Set(given.keys())) {
    const name = names.find((known) => known === field)
    const [value, ...more] = given.getAll(field)
    if (name === undefined) violations.push({ field, message: 'is not a parameter of this request' })
    else if (more.length > 0) violations.push({ field, message: 'must be given once' })
    else values[name] = value!
  }
  return { values, violations }
}

/** NaN for what is not a whole number in decimal digits; undefined stays undefined. */
export function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  return /^\d+$/.test(text) ? Number(text) : NaN
}
