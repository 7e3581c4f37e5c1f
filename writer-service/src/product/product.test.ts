import { describe, expect, it } from 'vitest'
import { decide, evolve, type ProductCommand, type ProductDetails, type ProductState } from './product.ts'

const details: ProductDetails = { name: 'Tea', description: '', category: 'tea', priceCents: 0 }
const facts = { id: 'a', at: new Date('2026-01-01T00:00:00.000Z') }

function apply(state: ProductState | undefined, command: ProductCommand): ProductState {
  const decision = decide(state, command, facts)
  if (decision.type !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(decision)}`)
  return evolve(state, decision.event)
}

const tea = apply(undefined, { type: 'create', details })
const deletedTea = apply(tea, { type: 'delete' })

describe('decide', () => {
  it('creates a product, also a free one', () => {
    expect(tea).toEqual({ details, deleted: false })
  })

  it('refuses to create an id that exists or existed', () => {
    for (const state of [tea, deletedTea]) {
      expect(decide(state, { type: 'create', details }, facts)).toEqual({
        type: 'refused',
        code: 'already_exists',
        detail: 'The id a is or was in use; choose another',
      })
    }
  })

  it('an update carries the whole state and names the changed fields', () => {
    const changes = { priceCents: 5, name: 'Green tea', category: 'tea' }
    expect(decide(tea, { type: 'update', changes }, facts)).toEqual({
      type: 'accepted',
      event: {
        type: 'updated',
        details: { ...details, priceCents: 5, name: 'Green tea' },
        changedFields: ['name', 'priceCents'],
      },
    })
  })

  it('an update that changes nothing writes no event', () => {
    expect(decide(tea, { type: 'update', changes: {} }, facts)).toEqual({ type: 'unchanged' })
    expect(decide(tea, { type: 'update', changes: details }, facts)).toEqual({ type: 'unchanged' })
  })

  it('an update or delete after a delete does not bring the product back', () => {
    for (const command of [{ type: 'update', changes: { name: 'x' } }, { type: 'delete' }] as const) {
      for (const state of [deletedTea, undefined]) {
        expect(decide(state, command, facts)).toMatchObject({ type: 'refused', code: 'not_found' })
      }
    }
  })
})

describe('evolve', () => {
  it('keeps the details of a deleted product in its tombstone', () => {
    expect(deletedTea).toEqual({ details, deleted: true })
  })

  it('has no state for a product that is deleted before it is created', () => {
    expect(() => evolve(undefined, { type: 'deleted' })).toThrow(RangeError)
  })
})
