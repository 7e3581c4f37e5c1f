import { expect, test } from 'vitest'
import { encodableHeaders, headerText, headerValues, receivedHeaders } from './record.ts'

const bytes = (text: string) => Buffer.from(text)

test('headers that kafkajs mixed with inherited properties are cleaned', () => {
  // The result of its decoder for a header named `constructor`.
  const decoded = { constructor: [Object, bytes('a')] as unknown as Buffer[], plain: bytes('b') }
  expect(receivedHeaders(decoded)).toEqual({ constructor: bytes('a'), plain: bytes('b') })
})

test('the last value of a repeated header is the one that counts', () => {
  const headers = { twice: [bytes('a'), bytes('b')], none: null }
  expect(headerText(headers, 'twice')).toBe('b')
  expect(headerText(headers, 'none')).toBeUndefined()
  expect(headerText(headers, 'constructor')).toBeUndefined()
  expect(headerValues(headers, 'absent')).toEqual([])
})

test('a null value is measured as empty and written as null', () => {
  const { mixed } = encodableHeaders({ mixed: [bytes('a'), null] })
  const entries = (mixed as Buffer[]).map((value) => ({ key: 'mixed', value }))
  expect(entries.map(({ value }) => value)).toEqual([bytes('a'), Buffer.alloc(0)])
  expect(entries.map(({ value }) => value)).toEqual([bytes('a'), null])
})
