import { expect, test } from 'vitest'
import { MAX_WORDS, searchPrefixes, words } from './search.ts'

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
  ['composed and decomposed text are the same', 'Ame\u0301lie Amélie', ['amelie']],
  ['Greek is the same with a final sigma and without', 'ΟΔΟΣ οδος', ['οδοσ']],
  ['Korean syllables are compared letter by letter', '한', ['한'.normalize('NFKD')]],
  ['no letters or digits, no words', ' .*+?^${}()|[]\\ ', []],
])('%s', (_, text, expected) => {
  expect(words(text)).toEqual(expected)
})

test('scripts without spaces are cut into words', () => {
  expect(words('東京都の緑茶セット').length).toBeGreaterThan(2)
  expect(words('東京 緑茶')).toEqual(expect.arrayContaining(['東京', '緑茶']))
  expect(words('ชาเขียวญี่ปุ่น').length).toBeGreaterThan(1)
})

test('voiced kana are found without their marks, like accented letters', () => {
  expect(words('ガラス')).toEqual(words('カラス'))
})

test('the first hundred distinct words count', () => {
  const text = Array.from({ length: 300 }, (_, i) => `w${i} w0`).join(' ')
  const found = words(text)
  expect(found).toHaveLength(MAX_WORDS)
  expect(found.at(-1)).toBe('w99')
})

test('a search asks only for the words that no other of its words implies', () => {
  expect(searchPrefixes('bl Blue tea teapot')).toEqual(['blue', 'teapot'])
  expect(searchPrefixes('!!!')).toEqual([])
})
