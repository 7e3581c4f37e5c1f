import { expect, test } from 'vitest'
import { productDetails } from '@lockstep/writer-service/product/commands.ts'
import { readCatalogue } from './catalogue.ts'

const catalogue = readCatalogue()
const lengths = (field: 'name' | 'description') => catalogue.map((product) => [...product[field]].length)

test('the catalogue is 200 products that the writer takes', () => {
  expect(catalogue).toHaveLength(200)
  for (const product of catalogue) expect(productDetails.parse(product)).toEqual(product)
})

test('it reaches the limits of lengths and prices', () => {
  expect(Math.max(...lengths('name'))).toBe(250)
  expect(Math.min(...lengths('name'))).toBe(1)
  expect(Math.max(...lengths('description'))).toBe(5_000)
  expect(Math.min(...lengths('description'))).toBe(0)
  const prices = catalogue.map(({ priceCents }) => priceCents)
  expect(Math.max(...prices)).toBe(99_999_999_999)
  expect(prices.filter((price) => price === 0).length).toBeGreaterThan(2)
})

test.each([
  'Latin',
  'Greek',
  'Cyrillic',
  'Arabic',
  'Hebrew',
  'Devanagari',
  'Bengali',
  'Tamil',
  'Thai',
  'Han',
  'Hiragana',
  'Hangul',
  'Ethiopic',
  'Georgian',
  'Armenian',
])('it has names in the script %s', (script) => {
  const letter = new RegExp(String.raw`\p{Script=${script}}`, 'u')
  expect(catalogue.some(({ name, description }) => letter.test(name + description))).toBe(true)
})
