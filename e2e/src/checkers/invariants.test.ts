import { expect, test } from 'vitest'
import { product as subject } from '../subjects/product.ts'
import { stock } from '../subjects/stock.ts'
import { brokenInvariants } from './invariants.ts'
import { event, product, read, sound, tombstone } from './sound-history.ts'
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

test('a state that does not follow from the state before it is found', () => {
  const level = (version: number, command: string, onHand: number, reserved: number) => ({
    ...event('s', version),
    command,
    state: { id: 's', version, deleted: false, onHand, reserved, available: onHand - reserved },
  })
  const events = new Map([
    ['s', [level(1, 'receive', 10, 0), level(2, 'reserve', 10, 3), level(3, 'reserve', 10, 2)]],
  ])
  const nothing = { states: [], readModel: [], cache: [] }
  expect(brokenInvariants(stock, { events, ...nothing }, []).map(show)).toEqual([
    'invariants: s: version 3: reserve changed 0 on hand and -1 reserved',
  ])
})
