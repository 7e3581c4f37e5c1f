import { expect, test } from 'vitest'
import { differences } from './compare.ts'

const product = {
  id: '0198c0de-7a11-7c0d-8000-5eed0000cafe',
  version: 2,
  name: 'Gießkanne',
  description: '',
  category: 'garden',
  priceCents: 1890,
  createdAt: new Date(1_000),
  updatedAt: new Date(2_000),
}

test('a product that came back as it was sent has no difference', () => {
  expect(differences(product, structuredClone(product))).toEqual([])
  expect(differences(undefined, undefined)).toEqual([])
})

test.each([
  ['id', 'x'],
  ['version', 3],
  ['name', 'Gie\u00dfkanne '],
  ['description', 'x'],
  ['category', 'tools'],
  ['priceCents', 0],
  ['createdAt', new Date(1_001)],
  ['updatedAt', undefined],
])('a difference of %s is found and named', (field, value) => {
  const found = differences(product, { ...product, [field]: value })
  expect(found).toEqual([expect.stringMatching(`^${field}: expected .*, read `)])
})

test('a lost product and a deleted one that is still there are differences', () => {
  expect(differences(product, undefined)).toHaveLength(1)
  expect(differences(undefined, product)).toHaveLength(1)
})
