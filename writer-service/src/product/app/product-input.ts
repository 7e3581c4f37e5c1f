import { invalid, type FieldViolation } from '@lockstep/core/errors/app-error.ts'
import { z } from 'zod'

/**
 * The rules of input, in one place for both protocols. Lengths are in Unicode code points, as JSON Schema
 * counts them (`.length` counts UTF-16 units), hence the refinements beside the documented limits.
 */

const text = (min: number, max: number) =>
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

const name = text(1, 250).meta({ example: 'Ethiopian coffee, 250 g' })
const description = text(0, 5000).meta({ example: 'Washed, notes of bergamot.' })
const category = z
  .string()
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, { error: 'must be a slug: a-z, 0-9 and single hyphens between them' })
  .max(60, { error: 'must have 1-60 characters' })
  .meta({ example: 'coffee' })
const priceCents = z
  .number()
  .int({ error: 'must be a whole number' })
  .min(0, { error: 'must be 0-99999999999' })
  .max(99_999_999_999, { error: 'must be 0-99999999999' })
  .meta({ example: 1250, description: 'Price in cents; 0 is a free product' })

/** Any UUID, lower-cased. */
const productId = z
  .string()
  .regex(/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, { error: 'must be a UUID' })
  .transform((id) => id.toLowerCase())

/** Which product a command is for. */
export const productTarget = z.object({ id: productId })

/** A whole product: what is left out takes its default. */
export const productDetails = z.strictObject({
  name,
  description: description.default(''),
  category: category.default('general'),
  priceCents,
})

export const newProduct = productDetails.extend({
  id: productId.optional().meta({ format: 'uuid', description: 'Made by the server when left out' }),
})

/** Some fields; an empty object changes nothing. */
export const productChanges = z.strictObject({ name, description, category, priceCents }).partial()

/** The value as the schema has it; throws `invalid` with every field at fault. */
export function parseInput<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value, { reportInput: true })
  if (result.success) return result.data
  throw invalid(result.error.issues.flatMap(violations))
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
  return `must be a ${issue.expected === 'int' ? 'whole number' : issue.expected}`
}
