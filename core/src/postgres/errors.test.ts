import { DatabaseError } from 'pg'
import { expect, test } from 'vitest'
import { rolledBack } from './errors.ts'

const serverError = (code: string | undefined, severity = 'ERROR') =>
  Object.assign(new DatabaseError('failed', 4, 'error'), { code, severity })

test.each(['23505', '40001', '40P01', '53100', '57014', '55P03'])(
  'after %s nothing was done, in any language of the server',
  (code) => {
    expect(rolledBack(serverError(code))).toBe(true)
    expect(rolledBack(serverError(code, 'FEHLER'))).toBe(true)
  },
)

test.each(['57P01', '57P02', '08006', '25P03', 'XX000', '58030', undefined])(
  'after %s the outcome of a sent statement is unknown',
  (code) => {
    expect(rolledBack(serverError(code, 'FATAL'))).toBe(false)
  },
)

test('after a lost connection the outcome of a sent statement is unknown', () => {
  expect(rolledBack(new Error('Connection terminated unexpectedly'))).toBe(false)
})
