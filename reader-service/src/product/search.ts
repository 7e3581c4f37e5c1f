import { z } from '@hono/zod-openapi'
import type { TextFilter } from '../runtime/queries/definition.ts'
import { startsWith } from '../runtime/queries/starts-with.ts'

/** Search uses only the first 100 distinct words of a product. This limits the size of its index entries. */
export const MAX_WORDS = 100

/** Scripts without spaces: a run of their letters can contain several words. */
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u

const segmenter = new Intl.Segmenter('und', { granularity: 'word' })

/**
 * The distinct words of a text in order, at most `limit`: runs of letters and digits after NFKD with marks removed, in
 * lower case. `Intl.Segmenter` splits scripts without spaces.
 *
 * The segmenter gets composed text (NFKC), because its dictionaries contain words with their marks. Composition changes
 * no run: it only joins letters and marks.
 */
export function words(text: string, limit: number = MAX_WORDS): string[] {
  const found = new Set<string>()
  for (const word of isAscii(text) ? asciiWords(text) : foldedWords(text)) {
    found.add(word)
    if (found.size === limit) break
  }
  return [...found]
}

function isAscii(text: string): boolean {
  return !/\P{ASCII}/u.test(text)
}

/** The same words, five times as fast: in ASCII nothing is composed, and there are no marks. */
function asciiWords(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? []
}

function foldedWords(text: string): string[] {
  const runs = text.normalize('NFKC').match(/[\p{L}\p{N}\p{M}]+/gu) ?? []
  return runs.flatMap((run) => {
    if (isAscii(run)) return run.toLowerCase()
    return unspaced.test(run) ? segment(run).flatMap(fold) : fold(run)
  })
}

/** The words of a search without those that another word implies ("bl" and "blue"). Empty if it contains no word. */
export function searchPrefixes(search: string): string[] {
  const all = words(search)
  return all.filter((word) => !all.some((other) => other !== word && other.startsWith(word)))
}

function segment(run: string): string[] {
  return [...segmenter.segment(run)].map((piece) => piece.segment)
}

function fold(piece: string): string[] {
  const folded = piece
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    // The lower case of a capital sigma depends on the next letter, which a prefix may not have.
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
