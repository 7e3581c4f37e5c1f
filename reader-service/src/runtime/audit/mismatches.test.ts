import { expect, test } from 'vitest'
import { productAt, tombstoneAt } from '../../testing/products.ts'
import { driftOf } from './mismatches.ts'
import type { Held } from '../rebuild/writer-states.ts'

const held = (version: number, fields: string[] = []): Held => ({
  id: 'a',
  version,
  differences: () => fields,
})

test('a model has to have what the writer has, at its version, with its fields', () => {
  const truth = productAt('a', 3)
  expect(driftOf('model', held(3), truth)).toBeUndefined()
  expect(driftOf('model', undefined, truth)?.kind).toBe('missing')
  expect(driftOf('model', held(2), truth)?.kind).toBe('behind')
  expect(driftOf('model', held(4), truth)?.kind).toBe('ahead')
  expect(driftOf('model', held(3, ['name', 'words']), truth)).toEqual({
    kind: 'different',
    detail: 'name, words',
  })
  expect(driftOf('model', held(1), undefined)?.kind).toBe('ghost')
  expect(driftOf('model', undefined, undefined)).toBeUndefined()
})

test('of a deleted product a model has to have the tombstone', () => {
  expect(driftOf('model', undefined, tombstoneAt('a', 2))?.kind).toBe('missing')
  expect(driftOf('model', held(1), tombstoneAt('a', 2))?.kind).toBe('behind')
})

test('a cache may lack what it likes, and nothing else', () => {
  expect(driftOf('cache', undefined, productAt('a', 3))).toBeUndefined()
  expect(driftOf('cache', held(2), productAt('a', 3))?.kind).toBe('behind')
  expect(driftOf('cache', held(3), undefined)?.kind).toBe('ghost')
})
