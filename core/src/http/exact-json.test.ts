import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inexactFields } from './exact-json.ts'

const fieldsOf = (text: string) => inexactFields(text, JSON.parse(text)).map(({ field }) => field)

test.each([
  ['{"a":1,"a":2}', ['a']],
  ['{"a":1,"\\u0061":2}', ['a']],
  ['{"__proto__":1,"__proto__":1}', ['__proto__']],
  ['{"a":{"b":1,"c":[{"d":1,"d":2}],"b":3}}', ['a.c.0.d', 'a.b']],
  ['[{"a":1},{"a":1,"a":1}]', ['1.a']],
  ['{"a":1,"a":1,"a":1}', ['a', 'a']],
])('a key that is given twice is named: %s', (text, fields) => {
  expect(fieldsOf(text)).toEqual(fields)
})

test.each([
  '{"a":{"a":{"a":1}},"b":{"a":1}}',
  '{"a":"b:c","b":"\\":","c":"{\\"a\\":1,\\"a\\":2}"}',
  '{"":[]}',
  '7',
])('keys that only look alike are different: %s', (text) => {
  expect(fieldsOf(text)).toEqual([])
})

test.each([
  '0.9999999999999999999',
  '1e400',
  '-1e400',
  '1e-400',
  '9007199254740993',
  '9007199254740993.0',
  '900719925474099300e-2',
  '123456789.12345678901',
  '100000000000000000000000000000000000001',
  `1${'0'.repeat(400)}`,
])('a number that changes when it is parsed is reported: %s', (number) => {
  expect(fieldsOf(`{"price": ${number}}`)).toEqual(['price'])
  expect(fieldsOf(`[0, [${number}]]`)).toEqual(['1.0'])
})

test.each([
  '0',
  '-0',
  '0.0',
  '0e999999',
  '1.50',
  '1e2',
  '1E+21',
  '0.1',
  '0.30000000000000004',
  '9007199254740992',
  '100000000000000000000',
  '1.7976931348623157e308',
  '5e-324',
  '99999999999.000000000000000000',
])('a number that has a place among the doubles is not: %s', (number) => {
  expect(fieldsOf(`{"price":${number}}`)).toEqual([])
})

test('all violations are counted, but only the first have a path, and a short one', () => {
  const deep = `${'['.repeat(50_000)}${'1e400,'.repeat(200)}1${']'.repeat(50_000)}`
  const reports = inexactFields(deep, JSON.parse(deep))
  expect(reports).toHaveLength(200)
  expect(new Set(reports.slice(100))).toEqual(
    new Set([{ field: 'body', message: 'has more values like these' }]),
  )
  expect(Math.max(...reports.map(({ field }) => field.length))).toBeLessThan(40)
})

test('what JSON.stringify writes is exact', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1), (value, space) => {
      const text = JSON.stringify(value, undefined, space)
      expect(inexactFields(text, JSON.parse(text))).toEqual([])
    }),
  )
})

test('a number is exact if and only if the double has the value of the text', () => {
  const number = fc
    .tuple(fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }), fc.integer({ min: -30, max: 30 }))
    .map(([digits, exponent]) => `${digits}e${exponent}`)
  fc.assert(
    fc.property(number, (text) => {
      expect(fieldsOf(`[${text}]`).length === 0).toBe(sameValue(text, String(Number(text))))
    }),
    { numRuns: 500 },
  )
})

/** Compares two decimal numbers as integers, both multiplied with 10^60. */
function sameValue(a: string, b: string): boolean {
  const scaled = (text: string) => {
    const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e')
    const [whole = '', fraction = ''] = mantissa.split('.')
    return BigInt(whole + fraction) * 10n ** BigInt(60 + Number(exponent) - fraction.length)
  }
  return scaled(a) === scaled(b)
}
