import { z } from '@hono/zod-openapi'
import type { TextFilter } from './definition.ts'

const pattern = /^[a-z0-9]+(?:-[a-z0-9]+)*$/
const MAX_LENGTH = 60

/** Matches documents whose field has exactly this slug; an empty text applies no filter. */
export function slugFilter(field: string, example: string): TextFilter {
  return {
    kind: 'text',
    schema: z
      .string()
      .max(MAX_LENGTH)
      .regex(pattern)
      .or(z.literal(''))
      .openapi({ example, description: `Exactly this ${field}` }),
    problems: (text) =>
      pattern.test(text) && text.length <= MAX_LENGTH
        ? []
        : [`must be a slug like garden-tools, of at most ${MAX_LENGTH} characters`],
    conditions: (value) => [{ [field]: value }],
  }
}
