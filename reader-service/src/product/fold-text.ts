import { spellLatinLetters } from './latin-letters.ts'

/** After these letters, marks are accents or vowel points, which many people do not type. Elsewhere they are kept. */
const accents =
  /(?<=[[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Hebrew}\p{Script=Arabic}]&&\p{L}])\p{M}+/gv

/** Soft hyphen, joiners, variation selectors and so on; and the Arabic tatweel, which only lengthens a line. */
const invisible = /[\p{Default_Ignorable_Code_Point}\u0640]/gu

/** Unicode classifies them as letters (ʻ ʼ ʾ ʿ ꞌ), ' and ’ as punctuation. People type one for another. */
const letterApostrophes = /[\u02b9-\u02bf\u02c8\u02ca\u02cb\u02ee\u07f4\u07f5\ua78b\ua78c]/g

const ascii = /^\p{ASCII}*$/u

/**
 * The form in which texts are compared: texts that differ only in case, in compatibility forms, in accents or points,
 * in invisible characters or in the kind of apostrophe have the same form. It is the same in every language: ä is a,
 * and all four Turkish i are i. The form of a beginning of a text (up to a whole character) is a beginning of its form.
 */
export function foldText(text: string): string {
  if (ascii.test(text)) return text.toLowerCase()
  return spellLatinLetters(
    foldCase(
      text
        .normalize('NFKD')
        .replaceAll(invisible, '')
        .replaceAll(accents, '')
        .replaceAll(letterApostrophes, "'"),
    ),
  )
    .normalize('NFC')
    .replaceAll(/\p{Script=Hangul}+/gu, letterByLetter)
}

/**
 * Full case folding (Unicode 3.13, D144) with what JavaScript has: some letters are alike only in upper case (ẞ and ss,
 * в and ᲀ). The lower case of a capital sigma depends on the next letter, which a beginning of a word may not have.
 */
function foldCase(text: string): string {
  return text.toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ')
}

/** Composed letters keep カ from being a beginning of ガ. Korean is typed letter by letter: 하 is a beginning of 한. */
function letterByLetter(korean: string): string {
  return korean.normalize('NFD')
}
