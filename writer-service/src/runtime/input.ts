import { invalid, type FieldViolation } from '@lockstep/core/errors/app-error.ts'
import { uuidPattern } from '@lockstep/core/text/uuid.ts'
import { z } from 'zod'

/**
 * The kinds of fields that inputs consist of, and the check of an input: one place for both protocols. Lengths are in
 * Unicode code points, as JSON Schema counts them (`.length` counts UTF-16 units), hence the refinements beside the
 * documented limits.
 */

export const text = (min: number, max: number) =>
  z
    .string()
    .refine((value) => value.isWellFormed() && !value.includes('\u0000'), {
      error: 'has a character that text may not have: U+0000 or half of a surrogate pair',
    })
    .refine((value) => hasCodePoints(value, min, max), { error: `must have ${min}-${max} characters` })
    .meta({ minLength: min, maxLength: max, pattern: '^[^\\u0000]*$' })

function hasCodePoints(value: string, min: number, max: number): boolean {
  // A code point takes one or two units: most values need no count.
  if (value.length <= max) return value.length >= min * 2 || [...value].length >= min
  return value.length <= max * 2 && [...value].length <= max
}

export const slug = (max: number) =>
  z
    .string()
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, { error: 'must be a slug: a-z, 0-9 and single hyphens between them' })
    .max(max, { error: `must have 1-${max} characters` })

export const wholeNumber = (min: number, max: number) =>
  z
    .number()
    .int({ error: 'must be a whole number' })
    .min(min, { error: `must be ${min}-${max}` })
    .max(max, { error: `must be ${min}-${max}` })

/** Any UUID, converted to lower case. */
export const uuid = () =>
  z
    .string()
    .regex(uuidPattern, { error: 'must be a UUID' })
    .transform((id) => id.toLowerCase())

/**
 * What the schema returns for the value. Throws `invalid` with every invalid field; `others` are the violations that the
 * protocol found, which take precedence for their fields.
 */
export function parseInput<S extends z.ZodType>(
  schema: S,
  value: unknown,
  others: readonly FieldViolation[] = [],
): z.output<S> {
  const result = schema.safeParse(value, { reportInput: true })
  if (result.success && others.length === 0) return result.data
  const own = result.error?.issues.flatMap(violations) ?? []
  const fields = new Set(others.map(({ field }) => field))
  throw invalid([...others, ...own.filter(({ field }) => !fields.has(field))])
}

function violations(issue: z.core.$ZodIssue): FieldViolation[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: key, message: 'is not a known field' }))
  }
  const field = issue.path.length > 0 ? issue.path.map(String).join('.') : 'body'
  return [{ field, message: messageOf(issue) }]
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_type') return issue.message
  if (issue.path.length === 0) return 'must be an object'
  if (issue.input === undefined) return 'is required'
  // NaN: gRPC carries an int64 that is no JavaScript number.
  const whole = issue.expected === 'int' || Number.isNaN(issue.input)
  return `must be a ${whole ? 'whole number' : issue.expected}`
}
