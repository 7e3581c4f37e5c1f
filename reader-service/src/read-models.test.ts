import { expect, test } from 'vitest'
import { readModels, readModelsNamed } from './read-models.ts'

const namesOf = (text: string) => readModelsNamed(text).map(({ name }) => name)

test('a process runs all read models, or those that are named, in their usual order', () => {
  expect(readModelsNamed('')).toBe(readModels)
  expect(namesOf('stock, product')).toEqual(['product', 'stock'])
})

test('a name of no read model is refused with the names that there are', () => {
  expect(() => namesOf('product,stok')).toThrow(/there is no read model "stok"; there are product, /)
})
