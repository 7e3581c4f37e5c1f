import fc from 'fast-check'
import { expect, test } from 'vitest'
import { words } from './search.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 200 })

test('every word is made of letters and digits, without marks and in lower case', () => {
  fc.assert(
    fc.property(text, (sample) => {
      for (const word of words(sample)) {
        expect(word).toMatch(/^[\p{L}\p{N}]+$/u)
        expect(words(word).join('')).toBe(word)
      }
    }),
  )
})

test('a text is found by its own words, composed or not', () => {
  fc.assert(
    fc.property(text, (sample) => {
      expect(words(sample.normalize('NFD'))).toEqual(words(sample))
    }),
  )
})

test('where words are separated by spaces, they are the runs after NFKD without marks', () => {
  const latin = fc.string({
    unit: fc.constantFrom(...'aàÅøßǆ１⅓ﬀЖйΣςא한 -_\'".\u0301\u20e3😀'),
    maxLength: 60,
  })
  fc.assert(
    fc.property(latin, (sample) => {
      const plain = sample.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase().replaceAll('ς', 'σ')
      expect(words(sample)).toEqual([...new Set(plain.match(/[\p{L}\p{N}]+/gu) ?? [])])
    }),
  )
})

test('an ASCII text has the same words as when another letter follows', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii', maxLength: 200 }), (sample) => {
      expect([...words(sample), 'ж']).toEqual(words(`${sample} ж`))
    }),
  )
})
