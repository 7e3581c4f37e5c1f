import { expect, test } from 'vitest'
import { product as subject } from '../subjects/product.ts'
import { brokenInvariants } from './invariants.ts'
import { product, read, sound, tombstone } from './sound-history.ts'
import { show } from './violation.ts'

const wrong = { ...product('a', 2), priceCents: -1 }

test('sound states satisfy the rules of their aggregate', () => {
  expect(brokenInvariants(subject, sound, sound.reads)).toEqual([])
})

test('a state that breaks a rule is found wherever it is', () => {
  const evidence = {
    ...sound,
    states: [wrong, tombstone('b', 2)],
    readModel: [wrong],
    cache: [wrong],
  }
  const reads = [{ ...read('a', 2), result: { type: 'found', state: wrong } as const }]
  expect(brokenInvariants(subject, evidence, reads).map(show)).toEqual(
    ['the writer state', 'the read model', 'the cache', 'a query'].map(
      (place) => `invariants: a: ${place} has version 2, where the price is -1`,
    ),
  )
})
