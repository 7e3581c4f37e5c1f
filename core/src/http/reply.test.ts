import { expect, test } from 'vitest'
import { AppError } from '../errors/app-error.ts'
import { problemBody } from './reply.ts'

/** The characters of a path in a URI reference (RFC 3986, 3.3); the first segment of a path with a slash may have any. */
const uriReference = /^(\/(?!\/)([\w.~!$&'()*+,;=:@/-]|%[\da-fA-F]{2})*)?$/

test.each([
  ['/api/v1/products', '/api/v1/products'],
  ['/api/v1/products?search=a b#c', '/api/v1/products'],
  ['/a%20b/%C3%A9', '/a%20b/%C3%A9'],
  ['/a b/[c]|"<é>', '/a%20b/%5Bc%5D%7C%22%3C%C3%A9%3E'],
  ['/100%', '/100%25'],
  ['//evil.example/x', '/.//evil.example/x'],
  ['', ''],
])('the path of %s is %s as a URI reference', (target, expected) => {
  const { instance } = problemBody(new AppError('not_found', ''), { target, requestId: 'r' })
  expect(instance).toBe(expected)
  expect(instance).toMatch(uriReference)
})

test('a long path is cut, and is still a URI reference', () => {
  for (const segment of ['a', '%C3%A9', '[']) {
    const target = `/${segment.repeat(5_000)}`
    const { instance } = problemBody(new AppError('not_found', ''), { target, requestId: 'r' })
    expect(instance.length).toBeLessThan(800)
    expect(instance).toMatch(uriReference)
  }
})
