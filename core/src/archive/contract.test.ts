import { expect, test } from 'vitest'
import { AppError } from '../errors/app-error.ts'
import { checkContract, contractHeader } from './contract.ts'

const header = (...fields: string[]) => ({ contract: contractHeader(fields) })

test('a file of the same or of an older contract fits', () => {
  expect(() => checkContract(header('a#1', 'b#2'), ['a#1', 'b#2'])).not.toThrow()
  expect(() => checkContract(header('a#1'), ['a#1', 'b#2'])).not.toThrow()
})

test('a file of a newer contract is refused with the field that would be lost', () => {
  const check = () => checkContract(header('a#1', 'c#3'), ['a#1', 'b#2'])
  expect(check).toThrow(AppError)
  expect(check).toThrow(
    'from a newer contract: this release does not know c#3; use the release that saved it',
  )
})

test('a header without a contract is not one of ours', () => {
  expect(() => checkContract({}, ['a#1'])).toThrow('has no contract')
})
