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
    ['name:text(250', 'has no ")"'],
    ['name:varchar', 'unknown kind: varchar; the kinds are text(max), slug, integer(min,max), money, flag'],
    ['name:constructor', 'unknown kind: constructor'],
    ['name:text', 'must be name:text(max)'],
    ['name:text(many)', 'must be name:text(max)'],
    ['name:text(0)', '1-10000'],
    ['name:text(10001)', '1-10000'],
    ['name:slug(60)', 'must be name:slug'],
    ['rank:integer(5)', 'must be rank:integer(min,max)'],
    ['rank:integer(5,5)', 'less than'],
    ['rank:integer(0,9007199254740992)', 'from -9007199254740991 to 9007199254740991'],
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
    ['a field twice', ['code:slug', 'code:slug'], 'code is there more than once'],
    [
      'only fields with few values',
      ['paid:flag', 'rank:integer(1,9)', 'size:text(2)'],
      '1,000 different values, because the generated tests change it that often',
    ],
  ])('%s', (_, fields, message) => {
    expect(messageOf('supplier', ...fields)).toContain(message)
  })

  test('all problems are reported together, with the usage', () => {
    const message = messageOf('class', 'name', 'id:slug')
    for (const part of ['"class"', '"name"', '"id"', 'usage: pnpm create_aggregate']) {
      expect(message).toContain(part)
    }
  })

  test.each([
    [['--totals', 'area'], 'name two fields'],
    [['--totals', 'area,price'], 'name two fields'],
    [['--totals', 'area,feeCents,rank'], 'name two fields'],
    [['--totals', 'title,feeCents'], 'title cannot be the group'],
    [['--totals', 'count,feeCents'], 'count cannot be the group'],
    [['--totals', 'area,rank'], 'rank cannot be summed up'],
    [['--totals'], '--totals needs two fields'],
    [['--history=all'], '--history has no value'],
  ])('a read model with wrong fields: %s', (options, message) => {
    const fields = ['title:text(5)', 'rank:integer(-5,5)', 'feeCents:money', 'area:slug', 'count:slug']
    expect(messageOf('item', ...fields, ...options)).toContain(message)
  })

  test('an unknown option, and no argument at all', () => {
    const unknown = messageOf('supplier', 'code:slug', '--plural', 'x')
    expect(unknown).toMatch(/^unknown option --plural$/m)
    expect(unknown).toContain('usage: pnpm create_aggregate')
    expect(messageOf('-x')).toMatch(/^unknown option -x$/m)
    expect(messageOf()).toContain('usage: pnpm create_aggregate')
  })

  test.each([[['--collection']], [['--collection', '--plural']], [['--collection=']]])(
    'a collection without a word: %s',
    (options) => {
      expect(messageOf('person', 'code:slug', ...options)).toMatch(/^--collection needs a word/)
    },
  )

  test('each problem is reported once, and none that follows from another', () => {
    const problemsOf = (...argv: string[]) => messageOf(...argv).split('\n\n')[0]
    expect(problemsOf('Supplier', 'code:slug')).toMatch(/^"Supplier" cannot name an aggregate.*$/)
    expect(problemsOf('supplier', 'code:slug', 'code:slug', 'code:slug')).toBe(
      'the field code is there more than once',
    )
    expect(problemsOf('supplier', 'code:x', 'code:x')).toMatch(/^"code:x" has an unknown kind.*$/)
  })
})

test('an integer can have the limits of a safe integer', () => {
  const [field] = parseArguments(['item', 'rank:integer(-9007199254740991,9007199254740991)']).fields
  expect(field?.input).toContain('wholeNumber(-9_007_199_254_740_991, 9_007_199_254_740_991)')
})
