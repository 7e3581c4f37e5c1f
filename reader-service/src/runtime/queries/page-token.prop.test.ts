import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodePageToken, encodePageToken } from './page-token.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 250 })
const key = fc.oneof(fc.date({ noInvalidDate: true }), fc.maxSafeInteger(), text)
const position = fc.record({ key, id: fc.uuid() })
const filter = fc.oneof(fc.string({ unit: 'binary' }), fc.maxSafeInteger(), fc.constant(undefined))
const scope = fc.record({ list: fc.string(), sort: fc.string(), filters: fc.array(filter, { maxLength: 3 }) })

test('a token returns its position', () => {
  fc.assert(
    fc.property(position, scope, (at, made) => {
      expect(decodePageToken(encodePageToken(at, made), made)).toEqual(at)
    }),
  )
})

test('a token is invalid for another list or sort, or for other filters', () => {
  fc.assert(
    fc.property(position, scope, scope, (at, made, asked) => {
      fc.pre(JSON.stringify(made) !== JSON.stringify(asked))
      expect(decodePageToken(encodePageToken(at, made), asked)).toBeUndefined()
    }),
  )
})

test('other texts are invalid', () => {
  const made = { list: 'notes', sort: 'rank', filters: [] }
  const garbage = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.base64String(),
    fc.uint8Array({ minLength: 33, maxLength: 33 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
  )
  fc.assert(
    fc.property(garbage, (token) => {
      expect(decodePageToken(token, made)).toBeUndefined()
    }),
  )
})

test('a token has one valid spelling', () => {
  fc.assert(
    fc.property(position, scope, (at, made) => {
      const token = encodePageToken(at, made)
      for (const other of [`${token}=`, `${token}\n`, ` ${token}`, token.slice(0, -1)]) {
        expect(decodePageToken(other, made)).toBeUndefined()
      }
    }),
  )
})
