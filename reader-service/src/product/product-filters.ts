import { z } from '@hono/zod-openapi'
import type { TextFilter } from '../runtime/queries/definition.ts'
import { startsWith } from '../runtime/queries/starts-with.ts'
import { searchPrefixes } from './search.ts'

/** Code points; twice the longest name. It limits the number of words in one search. */
const MAX_SEARCH_LENGTH = 500

const categoryPattern = /^[a-z0-9]+(?:-[a-z0-9]+)*$/
const MAX_CATEGORY_LENGTH = 60

/** Every word is a prefix of some word of the product. A text without a letter or digit finds nothing. */
export const searchFilter = {
  kind: 'text',
  schema: z.string().max(MAX_SEARCH_LENGTH).openapi({ example: 'enam teapot' }),
  problems: (text) => [
    ...(text.includes('\0') || !text.isWellFormed()
      ? ['must not contain U+0000 or lone surrogates']
      : []),
    ...([...text].length > MAX_SEARCH_LENGTH
      ? [`must have at most ${MAX_SEARCH_LENGTH} characters`]
      : []),
  ],
  conditions(text) {
    const prefixes = searchPrefixes(text)
    return prefixes.length === 0 ? undefined : prefixes.map((prefix) => ({ words: startsWith(prefix) }))
  },
} satisfies TextFilter

export const categoryFilter = {
  kind: 'text',
  schema: z
    .string()
    .max(MAX_CATEGORY_LENGTH)
    .regex(categoryPattern)
    .or(z.literal(''))
    .openapi({ example: 'kitchen', description: 'Exactly this category' }),
  problems: (text) =>
    categoryPattern.test(text) && text.length <= MAX_CATEGORY_LENGTH
      ? []
      : [`must be a slug like garden-tools, of at most ${MAX_CATEGORY_LENGTH} characters`],
  conditions: (category) => [{ category }],
} satisfies TextFilter
