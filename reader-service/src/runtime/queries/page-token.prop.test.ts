import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodePageToken, encodePageToken } from './page-token.ts'

const position = fc.record({ createdAt: fc.date({ noInvalidDate: true }), id: fc.uuid() })
const scope = fc.record({ search: fc.string({ unit: 'binary' }), category: fc.string() })

test('a token leads back to its position', () => {
  fc.assert(
    fc.property(position, scope, (at, made) => {
      expect(decodePageToken(encodePageToken(at, made), made)).toEqual(at)
    }),
  )
})

test('a token is refused for another search or category', () => {
  fc.assert(
    fc.property(position, scope, scope, (at, made, asked) => {
      fc.pre(made.search !== asked.search || made.category !== asked.category)
      expect(decodePageToken(encodePageToken(at, made), asked)).toBeUndefined()
    }),
  )
})

test('whatever is not a token is refused', () => {
  const made = { search: '', category: '' }
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

test('a token has one spelling', () => {
  fc.assert(
    fc.property(position, scope, (at, made) => {
      const token = encodePageToken(at, made)
      for (const other of [`${token}=`, `${token}\n`, ` ${token}`, token.slice(0, -1)]) {
        expect(decodePageToken(other, made)).toBeUndefined()
      }
    }),
  )
})
