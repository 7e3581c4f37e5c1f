import { expect, it } from 'vitest'
import { etagOf } from '@lockstep/core/http/etag.ts'
import { expectedVersionOf } from './if-match.ts'

it.each([
  [undefined, undefined],
  ['*', 'any'],
  [' * ', 'any'],
  ['"3"', 3],
  [' "3" ', 3],
  [etagOf(17), 17],
])('%j requires version %j', (header, version) => {
  expect(expectedVersionOf(header)).toBe(version)
})

it.each(['3', 'W/"3"', '"3", "4"', '"0"', '"03"', '"-1"', '"1.0"', '""', '"9999999999999999"'])(
  '%j is invalid',
  (header) => {
    expect(() => expectedVersionOf(header)).toThrow(expect.objectContaining({ code: 'invalid' }))
  },
)
