import { z } from '@hono/zod-openapi'
import type { TextFilter } from '../runtime/queries/definition.ts'
import { startsWith } from '../runtime/queries/starts-with.ts'
import { foldText } from './fold-text.ts'

/** Search uses only the first 100 distinct words of a product. This limits the size of its index entries. */
export const MAX_WORDS = 100

/** In letters with their marks. A longer part of a run without spaces is searched by its pieces of this length. */
const LONGEST_PIECE = 8

/** Letters and digits with marks. Apostrophes separate words like every other character. */
const wordsOrRuns = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu

/** Scripts without spaces (UAX 14: ideographs, kana and the class SA). Their runs can contain several words. */
const unspaced =
  /((?:[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{scx=Yi}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}\p{scx=Lana}\p{scx=Tale}\p{scx=Talu}\p{scx=Tavt}\p{scx=Ahom}]\p{M}*)+)/u

const letters = /[\p{L}\p{N}]\p{M}*/gu

/**
 * The distinct words of a text in their folded form and in order, at most 100. In a script without spaces, a word
 * may begin at every letter: the result has the next eight letters from each of them, so that a search finds any part.
 * Dictionaries (`Intl.Segmenter`) are not used: where they split a text depends on the letters that follow.
 */
export function words(text: string): string[] {
  // Much faster, with the same result: in ASCII nothing is folded but the case.
  if (!/\P{ASCII}/u.test(text)) {
    return [...new Set(text.toLowerCase().match(/[a-z0-9]+/g))].slice(0, MAX_WORDS)
  }
  const found = new Set<string>()
  for (const { word, isRun } of wordsAndRuns(text)) {
    for (const piece of isRun ? everyPiece(word) : [word]) {
      found.add(piece)
      if (found.size === MAX_WORDS) return [...found]
    }
  }
  return [...found]
}

/**
 * The beginnings of words that a product must have, without those that another one implies ("bl" and "blue"). Empty if
 * the search contains no word.
 */
export function searchPrefixes(search: string): string[] {
  const all = new Set<string>()
  for (const { word, isRun } of wordsAndRuns(search)) {
    for (const piece of isRun ? coveringPieces(word) : [word]) all.add(piece)
  }
  const prefixes = [...all].slice(0, MAX_WORDS)
  return prefixes.filter((word) => !prefixes.some((other) => other !== word && other.startsWith(word)))
}

type Part = { word: string; isRun: boolean }

/** Folds one token after the other: most texts have more words than count. No fold depends on the next token. */
function* wordsAndRuns(text: string): Generator<Part> {
  for (const [token] of text.matchAll(/[^ \n]+/g)) {
    for (const part of foldText(token).match(wordsOrRuns) ?? []) {
      if (!unspaced.test(part)) {
        yield { word: part, isRun: false }
        continue
      }
      // The runs have the odd positions, because their group captures the separator.
      for (const [position, word] of part.split(unspaced).entries()) {
        if (word !== '') yield { word, isRun: position % 2 === 1 }
      }
    }
  }
}

/** The pieces of a run that begin at each of its letters. */
function* everyPiece(run: string): Generator<string> {
  const all = run.match(letters) ?? []
  for (let start = 0; start < all.length; start++) {
    yield all.slice(start, start + LONGEST_PIECE).join('')
  }
}

/** The fewest pieces that cover a run: the last one may overlap. Every product with this run has all of them. */
function* coveringPieces(run: string): Generator<string> {
  const all = run.match(letters) ?? []
  for (let end = LONGEST_PIECE; ; end += LONGEST_PIECE) {
    const start = Math.max(0, Math.min(end, all.length) - LONGEST_PIECE)
    yield all.slice(start, end).join('')
    if (end >= all.length) return
  }
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
