import fc from 'fast-check'
import { expect, test } from 'vitest'
import { foldText } from './fold-text.ts'
import { words } from './search.ts'
import { matches } from './testing/search-matches.ts'
import { searchedTexts } from './testing/search-pairs.ts'

/** Text of the whole of Unicode, and text in which each script has its own spelling rules. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom(...searchedTexts.flatMap(({ text: sample }) => [...sample])),
    maxLength: 60,
  }),
)

test('every word is letters, digits and their marks in folded form, and finds its product', () => {
  fc.assert(
    fc.property(text, (sample) => {
      for (const word of words(sample)) {
        expect(word).toMatch(/^[\p{L}\p{N}][\p{L}\p{N}\p{M}]*$/u)
        expect(words(word)[0]).toBe(word)
        expect(matches(word, sample)).toBe(true)
      }
    }),
  )
})

test('every beginning of every part of a text finds it', () => {
  const characters = new Intl.Segmenter('und', { granularity: 'grapheme' })
  const beginnings = (part: string) =>
    [...characters.segment(part)].map(({ segment, index }) => part.slice(0, index) + segment)
  fc.assert(
    fc.property(text, (sample) => {
      const searches = sample.split(' ').flatMap(beginnings)
      expect(searches.filter((search) => words(search).length > 0 && !matches(search, sample))).toEqual([])
    }),
  )
})

test('folding a folded text changes nothing, and composition has no effect', () => {
  fc.assert(
    fc.property(text, (sample) => {
      expect(foldText(foldText(sample))).toBe(foldText(sample))
      expect(foldText(sample.normalize('NFD'))).toBe(foldText(sample))
      expect(foldText(sample.normalize('NFC'))).toBe(foldText(sample))
    }),
  )
})

test('every character of Unicode has one folded form in lower case, upper case and folded', () => {
  const different = (character: string) => {
    const folded = foldText(character)
    return [character.toLowerCase(), character.toUpperCase(), folded].some(
      (other) => foldText(other) !== folded,
    )
  }
  const characters = Array.from({ length: 0x2_00_00 }, (_, codePoint) =>
    String.fromCodePoint(codePoint),
  ).filter(
    (character) =>
      /[\p{L}\p{M}\p{N}]/u.test(character) &&
      !/[\p{Script=Han}\p{Script=Hangul}]/u.test(character) &&
      // The Greek iota subscript is a mark here: ωδη finds ᾠδή. Upper case makes it a letter (ὨΙΔΉ).
      !character.normalize('NFD').includes('\u0345'),
  )
  expect(characters.length).toBeGreaterThan(10_000)
  expect(characters.filter(different)).toEqual([])
})

test('where marks are vowels, only a beginning with the same marks finds a word', () => {
  const syllable = fc.constantFrom('द', 'दि', 'दा', 'ल', 'ला', 'लि', 'क', 'क़', 'ल्')
  const word = fc.array(syllable, { minLength: 1, maxLength: 4 }).map((syllables) => syllables.join(''))
  fc.assert(
    fc.property(word, word, (sample, search) => {
      expect(matches(search, sample)).toBe(sample.normalize('NFC').startsWith(search.normalize('NFC')))
    }),
    { numRuns: 1_000 },
  )
})

test('a run without spaces is found by each of its parts, and by nothing else of at most eight letters', () => {
  const run = (unit: string[], minLength: number, maxLength: number) =>
    fc.array(fc.constantFrom(...unit), { minLength, maxLength }).map((units) => units.join(''))
  const scripts = [
    ['茶', '壺', '日', '𠮷'],
    ['ガ', 'カ', 'ラ', 'ー'],
    ['ชา', 'ช', 'ญี่', 'กุ'],
    ['ខៀ', 'ខ', 'វ'],
  ]
  fc.assert(
    fc.property(
      fc.constantFrom(...scripts).chain((units) => fc.tuple(run(units, 1, 30), run(units, 1, 4))),
      fc.nat(40),
      fc.nat(40),
      ([sample, search], from, length) => {
        expect(matches(search, sample)).toBe(sample.includes(search))
        const part = (sample.match(/\p{L}\p{M}*/gu) ?? []).slice(from, from + length + 1).join('')
        if (part !== '') expect(matches(part, sample)).toBe(true)
      },
    ),
    { numRuns: 1_000 },
  )
})

test('an ASCII text has the same words as when another letter follows', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii', maxLength: 200 }), (sample) => {
      expect([...words(sample), 'ж']).toEqual(words(`${sample} ж`))
    }),
  )
})
