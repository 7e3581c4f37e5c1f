import { describe, expect, it } from 'vitest'
import { decide, evolve, type Product, type ProductCommand, type ProductDetails } from './product.ts'

const details: ProductDetails = { name: 'Tea', description: '', category: 'tea', priceCents: 0 }
const created = new Date('2026-01-01T00:00:00.000Z')
const later = new Date('2026-01-02T00:00:00.000Z')

function apply(state: Product | undefined, command: ProductCommand, at = later): Product {
  const decision = decide(state, command, { at, eventId: 'e' })
  if (decision.type !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(decision)}`)
  return evolve(state, decision.event)
}

const tea = apply(undefined, { type: 'create', id: 'a', details }, created)
const deletedTea = apply(tea, { type: 'delete', id: 'a' })

describe('decide', () => {
  it('creates at version 1, also a free product', () => {
    expect(tea).toEqual({
      id: 'a',
      version: 1,
      details,
      createdAt: created,
      updatedAt: created,
      deleted: false,
    })
  })

  it('refuses to create an id that exists or ever did', () => {
    for (const state of [tea, deletedTea]) {
      expect(decide(state, { type: 'create', id: 'a', details }, { at: later, eventId: 'e' })).toEqual({
        type: 'refused',
        reason: 'already_exists',
      })
    }
  })

  it('an update carries the whole state and names the changed fields', () => {
    const decision = decide(
      tea,
      { type: 'update', id: 'a', changes: { priceCents: 5, name: 'Green tea', category: 'tea' } },
      { at: later, eventId: 'e' },
    )
    expect(decision).toMatchObject({
      type: 'accepted',
      event: {
        version: 2,
        createdAt: created,
        change: {
          details: { ...details, priceCents: 5, name: 'Green tea' },
          changedFields: ['name', 'priceCents'],
        },
      },
    })
  })

  it('an update that changes nothing makes no event', () => {
    expect(decide(tea, { type: 'update', id: 'a', changes: {} }, { at: later, eventId: 'e' })).toEqual({
      type: 'unchanged',
      version: 1,
    })
  })

  it('an update or delete after a delete does not bring the product back', () => {
    for (const command of [
      { type: 'update', id: 'a', changes: { name: 'x' } },
      { type: 'delete', id: 'a' },
    ] as const) {
      expect(decide(deletedTea, command, { at: later, eventId: 'e' })).toEqual({
        type: 'refused',
        reason: 'not_found',
      })
    }
  })

  it('refuses another version than the expected one, even for an update that would change nothing', () => {
    const command = { type: 'update', id: 'a', changes: {}, expectedVersion: 2 } as const
    expect(decide(tea, command, { at: later, eventId: 'e' })).toEqual({
      type: 'refused',
      reason: 'version_conflict',
      version: 1,
    })
  })

  it('times of one product never run backwards, whatever the clocks of its writers say', () => {
    const renamed = apply(tea, { type: 'update', id: 'a', changes: { name: 'x' } })
    const behind = apply(renamed, { type: 'update', id: 'a', changes: { name: 'y' } }, created)
    expect(behind.updatedAt).toEqual(later)
  })
})

describe('evolve', () => {
  it('keeps what a deleted product was, as a tombstone', () => {
    expect(deletedTea).toEqual({ ...tea, version: 2, updatedAt: later, deleted: true })
  })

  it('has no state for a product that is deleted before it is created', () => {
    const decision = decide(tea, { type: 'delete', id: 'a' }, { at: later, eventId: 'e' })
    if (decision.type !== 'accepted') throw new Error('not accepted')
    expect(() => evolve(undefined, decision.event)).toThrow(RangeError)
  })
})
