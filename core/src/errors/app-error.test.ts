import { expect, test } from 'vitest'
import { AppError, checkAll, invalid, quoted } from './app-error.ts'

const unknownFields = (count: number, length = 3) =>
  Array.from({ length: count }, (_, n) => ({
    field: `${n}`.padEnd(length, 'k'),
    message: 'is not a known field',
  }))

test('an error lists the first violations, and says how many more there are', () => {
  const error = invalid(unknownFields(25_000))
  expect(error.violations).toHaveLength(20)
  expect(error.message).toMatch(/^Not valid, with 24980 more: 0kk, 1kk, /)
  expect(invalid(unknownFields(20)).message).not.toContain('more')
})

test('violations that one check has left out are counted when several checks are reported together', () => {
  const check = (count: number) => () => {
    throw invalid(unknownFields(count))
  }
  expect(() => checkAll(check(30), check(3))).toThrow('with 13 more')
})

test.each([0, 99, 100, 101, 300_000])('an error that repeats a text of %s characters is small', (length) => {
  const field = '🫖'.repeat(length / 2)
  const [violation] = invalid([{ field, message: `has no field ${quoted(field)}` }]).violations
  expect(violation!.field.length).toBeLessThanOrEqual(100)
  expect(violation!.message.length).toBeLessThanOrEqual(200)
  const error = new AppError('not_found', `There is nothing at ${field}`)
  expect(error.message.length).toBeLessThanOrEqual(500)
  for (const text of [violation!.field, violation!.message, error.message])
    expect(text.isWellFormed()).toBe(true)
  // Shortened once, it stays the same.
  expect(invalid([violation!]).violations).toEqual([violation])
})

test('a text that is shortened says how long it was', () => {
  expect(quoted('short')).toBe('"short"')
  expect(quoted('x'.repeat(12_000))).toBe(`"${'x'.repeat(100)}"… (12000 characters)`)
})
