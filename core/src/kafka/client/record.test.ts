import { expect, test } from 'vitest'
import { headerText, headerValues, receivedHeaders } from './record.ts'

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
