import { describe, expect, test } from 'vitest'
import { parseArguments, UsageError } from './parse-arguments.ts'

function messageOf(...argv: string[]): string {
  try {
    parseArguments(argv)
  } catch (error) {
    if (error instanceof UsageError) return error.message
    throw error
  }
  throw new Error(`accepted: ${argv.join(' ')}`)
}

describe('names', () => {
  test.each([
    ['supplier', 'Supplier', 'suppliers', 'a supplier'],
    ['invoice', 'Invoice', 'invoices', 'an invoice'],
    ['category', 'Category', 'categories', 'a category'],
    ['day', 'Day', 'days', 'a day'],
    ['box', 'Box', 'boxes', 'a box'],
    ['address', 'Address', 'addresses', 'an address'],
  ])('%s gives %s, %s and %s', (name, type, collection, one) => {
    expect(parseArguments([name, 'code:slug'])).toMatchObject({ name, type, collection, one })
  })

  test('an irregular plural is an option', () => {
    expect(parseArguments(['person', 'code:slug', '--collection', 'people']).collection).toBe('people')
    expect(parseArguments(['lens', 'code:slug', '--collection', 'lenses']).collection).toBe('lenses')
  })

  test('a field has a name for each language', () => {
    const [field] = parseArguments(['supplier', 'postCode2:slug']).fields
    expect(field).toMatchObject({ name: 'postCode2', snakeCase: 'post_code2' })
  })
})

describe('refused', () => {
  test.each([
    ['Supplier', 'one word'],
    ['purchase-order', 'one word'],
    ['../core', 'one word'],
    ['s', 'one word'],
    ['suppliers', 'looks like a plural'],
    ['class', 'another meaning'],
    ['source', 'another meaning'],
    ['runtime', 'another meaning'],
    ['event', 'another meaning'],
    ['aggregate', '"aggregates" cannot name the collection'],
  ])('the name %s: %s', (name, message) => {
    expect(messageOf(name, 'code:slug')).toContain(message)
  })

  test('a collection that is a table, or not a word', () => {
    for (const collection of ['events', 'Suppliers', 'a b', 'x"; drop']) {
      expect(messageOf('supplier', 'code:slug', '--collection', collection)).toContain('--collection')
    }
  })

  test.each([
    ['name', 'write name:kind'],
    ['name:', 'write name:kind'],
    ['name:text(250', 'write name:kind'],
    ['name:varchar', 'unknown kind: varchar'],
    ['name:constructor', 'unknown kind: constructor'],
    ['name:text', 'must be name:text(max)'],
    ['name:text(many)', 'must be name:text(max)'],
    ['name:text(0)', '1-10000'],
    ['name:text(10001)', '1-10000'],
    ['name:slug(60)', 'must be name:slug'],
    ['rank:integer(5)', 'must be rank:integer(min,max)'],
    ['rank:integer(5,5)', 'less than'],
    ['price:money', 'priceCents'],
    ['post_code:slug', 'camelCase'],
    ['Name:slug', 'camelCase'],
    ['vatID:slug', 'camelCase'],
    ['a:slug', 'camelCase'],
    ['id:slug', 'reserved'],
    ['version:slug', 'reserved'],
    ['createdAt:slug', 'reserved'],
    ['pageToken:slug', 'reserved'],
    ['default:slug', 'reserved'],
  ])('the field %s: %s', (field, message) => {
    expect(messageOf('supplier', 'code:slug', field)).toContain(message)
  })

  test.each<[string, string[], string]>([
    ['no field', [], 'at least one field'],
    ['a field twice', ['code:slug', 'code:slug'], 'code is there twice'],
    ['only fields with few values', ['paid:flag', 'rank:integer(1,9)', 'size:text(2)'], 'a thousand values'],
  ])('%s', (_, fields, message) => {
    expect(messageOf('supplier', ...fields)).toContain(message)
  })

  test('all problems are reported together, with the usage', () => {
    const message = messageOf('class', 'name', 'id:slug')
    for (const part of ['"class"', '"name"', '"id"', 'usage: pnpm create_aggregate']) {
      expect(message).toContain(part)
    }
  })

  test('an unknown option, and no argument at all', () => {
    expect(messageOf('supplier', 'code:slug', '--plural', 'x')).toContain('--plural')
    expect(messageOf()).toContain('usage: pnpm create_aggregate')
  })
})
