import { DatabaseError } from 'pg'
import { expect, test } from 'vitest'
import { rolledBack } from './errors.ts'

const said = (code: string | undefined, severity = 'ERROR') =>
  Object.assign(new DatabaseError('said', 4, 'error'), { code, severity })

test.each(['23505', '40001', '40P01', '53100', '57014', '55P03'])(
  '%s says that nothing was done, in whatever language the server speaks',
  (code) => {
    expect(rolledBack(said(code))).toBe(true)
    expect(rolledBack(said(code, 'FEHLER'))).toBe(true)
  },
)

test.each(['57P01', '57P02', '08006', '25P03', 'XX000', '58030', undefined])(
  '%s says nothing about what was already sent',
  (code) => {
    expect(rolledBack(said(code, 'FATAL'))).toBe(false)
  },
)

test('neither does a connection that is lost', () => {
  expect(rolledBack(new Error('Connection terminated unexpectedly'))).toBe(false)
})
