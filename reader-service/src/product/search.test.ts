import { describe, expect, test } from 'vitest'
import { matches } from './testing/search-matches.ts'
import { searchedTexts } from './testing/search-pairs.ts'
import { MAX_WORDS, searchPrefixes, words } from './search.ts'

describe.each(searchedTexts)('$rule: $text', ({ text, finds: found, doesNotFind }) => {
  test.each(found)('%s finds it', (search) => {
    expect(matches(search, text)).toBe(true)
  })
  test.each(doesNotFind)('%s does not find it', (search) => {
    expect(matches(search, text)).toBe(false)
  })
})

test.each([
  ['case and accents are ignored', 'Crème BRÛLÉE', ['creme', 'brulee']],
  [
    'anything but letters and digits separates',
    "L'eau-de-vie (70 cl)",
    ['l', 'eau', 'de', 'vie', '70', 'cl'],
  ],
  ['compatibility forms are unfolded', 'ﬁne ２０㎏ ½', ['fine', '20kg', '1', '2']],
  ['a word counts once', 'tea TEA Téa', ['tea']],
  ['emoji are no words', '🫖 teapot 👩‍🍳', ['teapot']],
  ['marks without a letter are no words', ' \u0301 \u093f-\u0e34', []],
  ['no letters or digits, no words', ' .*+?^${}()|[]\\ ', []],
  ['a run without spaces has a word at each letter', 'ABC緑茶', ['abc', '緑茶', '茶']],
  [
    'a word of a run has eight letters',
    '一二三四五六七八九',
    [
      '一二三四五六七八',
      '二三四五六七八九',
      ...['三四五六七八九', '四五六七八九', '五六七八九', '六七八九', '七八九', '八九', '九'],
    ],
  ],
])('%s', (_, text, expected) => {
  expect(words(text)).toEqual(expected)
})

test.each([
  ['words', Array.from({ length: 300 }, (_, i) => `w${i} w0`).join(' '), 'w99'],
  [
    'letters of a run without spaces',
    String.fromCodePoint(...Array.from({ length: 300 }, (_, i) => 0x4e00 + i)),
    '乣乤乥书乧乨乩乪',
  ],
])('the first hundred distinct %s count', (_, text, last) => {
  const found = words(text)
  expect(found).toHaveLength(MAX_WORDS)
  expect(found.at(-1)).toBe(last)
})

test('a search asks only for the words that no other of its words implies', () => {
  expect(searchPrefixes('bl Blue tea teapot')).toEqual(['blue', 'teapot'])
  expect(searchPrefixes('一二三四五六七八九')).toEqual(['一二三四五六七八', '二三四五六七八九'])
  expect(searchPrefixes('!!!')).toEqual([])
})
