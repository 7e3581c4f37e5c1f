import { z } from '@hono/zod-openapi'
import type { TextFilter } from '../runtime/queries/definition.ts'
import { startsWith } from '../runtime/queries/starts-with.ts'

/** Search works on the first 100 distinct words of a product: it bounds the size of the index entries. */
export const MAX_WORDS = 100

/** Scripts written without spaces: a run of their letters holds several words. */
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u

const segmenter = new Intl.Segmenter('und', { granularity: 'word' })

/**
 * The distinct words of a text in order, at most `limit` of them: runs of letters and digits after NFKD
 * without marks, lower-cased; scripts without spaces are cut by `Intl.Segmenter`.
 *
 * The cutting works on the composed text (NFKC) because the segmenter's dictionaries know words with
 * their marks; composing changes no run, since only letters and marks take part in it.
 */
export function words(text: string, limit: number = MAX_WORDS): string[] {
  const found = new Set<string>()
  for (const [run] of text.normalize('NFKC').matchAll(/[\p{L}\p{N}\p{M}]+/gu)) {
    for (const piece of unspaced.test(run) ? cut(run) : [run]) {
      for (const word of fold(piece)) {
        found.add(word)
        if (found.size === limit) return [...found]
      }
    }
  }
  return [...found]
}

/**
 * The prefixes that a search asks for: its words without those that another one implies ("bl" beside
 * "blue"). Empty when the search has no word in it.
 */
export function searchPrefixes(search: string): string[] {
  const all = words(search)
  return all.filter((word) => !all.some((other) => other !== word && other.startsWith(word)))
}

function cut(run: string): string[] {
  return [...segmenter.segment(run)].map(({ segment }) => segment)
}

function fold(piece: string): string[] {
  const folded = piece
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    // Lower-casing makes a capital sigma final or not by what follows it, which a prefix does not know.
    .replaceAll('ς', 'σ')
  return folded.match(/[\p{L}\p{N}]+/gu) ?? []
}

/** Code points; twice the longest name. It limits the number of words in one search. */
const MAX_SEARCH_LENGTH = 500

/** Every word is a prefix of some word of the product. A text without a letter or digit finds nothing. */
export const searchFilter = {
  kind: 'text',
  schema: z.string().max(MAX_SEARCH_LENGTH).openapi({ example: 'enam teapot' }),
  problems: (text) => [
    ...(text.includes('\0') || !text.isWellFormed() ? ['must not contain U+0000 or lone surrogates'] : []),
    ...([...text].length > MAX_SEARCH_LENGTH ? [`must have at most ${MAX_SEARCH_LENGTH} characters`] : []),
  ],
  conditions(text) {
    const prefixes = searchPrefixes(text)
    return prefixes.length === 0 ? undefined : prefixes.map((prefix) => ({ words: startsWith(prefix) }))
  },
} satisfies TextFilter
