import { AppError } from '@lockstep/core/errors/app-error.ts'
import { describe, expect, it } from 'vitest'
import { bodySchema } from '../runtime/inbound/command-input.ts'
import { parseInput } from '../runtime/input.ts'
import { productAggregate, productChanges, productDetails } from './commands.ts'

const newProduct = bodySchema(productAggregate.commands['create']!)
const valid = { name: 'Tea', priceCents: 0 }

function violationsOf(parse: () => unknown): readonly { field: string; message: string }[] {
  try {
    parse()
  } catch (error) {
    if (error instanceof AppError && error.code === 'invalid') return error.violations
    throw error
  }
  throw new Error('it is valid')
}

describe('the input of a product', () => {
  it('omitted fields take their default', () => {
    expect(parseInput(productDetails, valid)).toEqual({ ...valid, description: '', category: 'general' })
  })

  it('lengths count Unicode code points', () => {
    const name = '🫖'.repeat(250)
    expect(parseInput(productDetails, { ...valid, name }).name).toBe(name)
    expect(violationsOf(() => parseInput(productDetails, { ...valid, name: `${name}x` }))).toEqual([
      { field: 'name', message: 'must have 1-250 characters' },
    ])
  })

  it('all invalid fields are reported together', () => {
    const wrong = { id: 'x', name: '', description: 5, category: 'No Slug', priceCents: 1.5, color: 'red' }
    const fields = violationsOf(() => parseInput(newProduct, wrong)).map(({ field }) => field)
    expect(fields.toSorted()).toEqual(['category', 'color', 'description', 'id', 'name', 'priceCents'])
  })

  it.each([
    ['a missing field', {}, { field: 'name', message: 'is required' }],
    ['null', { name: null }, { field: 'name', message: 'must be a string' }],
    ['U+0000', { name: 'a\u0000' }, { field: 'name', message: expect.stringContaining('U+0000') }],
    [
      'half of a surrogate pair',
      { name: '\ud800' },
      { field: 'name', message: expect.stringContaining('surrogate') },
    ],
    [
      'a category with two hyphens together',
      { category: 'a--b' },
      { field: 'category', message: expect.any(String) },
    ],
    [
      'a category of 61 characters',
      { category: 'a'.repeat(61) },
      { field: 'category', message: expect.any(String) },
    ],
    ['a negative price', { priceCents: -1 }, { field: 'priceCents', message: 'must be 0-99999999999' }],
    [
      'a price that is too high',
      { priceCents: 1e11 },
      { field: 'priceCents', message: 'must be 0-99999999999' },
    ],
    ['a price as text', { priceCents: '5' }, { field: 'priceCents', message: 'must be a number' }],
  ])('%s is invalid', (_, wrong, violation) => {
    const input = Object.keys(wrong).length === 0 ? { priceCents: 0 } : { ...valid, ...wrong }
    expect(violationsOf(() => parseInput(productDetails, input))).toEqual([violation])
  })

  it.each([null, [], 'text', 5])('%j is invalid: a body is an object', (body) => {
    expect(violationsOf(() => parseInput(productDetails, body))).toEqual([
      { field: 'body', message: 'must be an object' },
    ])
  })

  it('changes may be empty, and null is invalid', () => {
    expect(parseInput(productChanges, {})).toEqual({})
    expect(violationsOf(() => parseInput(productChanges, { description: null }))).toHaveLength(1)
  })

  it('any UUID is an id, and is converted to lower case', () => {
    const id = 'ABCDEF01-2345-0789-0BCD-EF0123456789'
    expect(parseInput(newProduct, { ...valid, id })).toMatchObject({ id: id.toLowerCase() })
  })
})
