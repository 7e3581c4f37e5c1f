import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decide, evolve, reservedOf, type Stock, type StockCommand } from './stock.ts'

const id = '0196a8c4-6d1e-7c3a-9f52-3f6f1f0a4b11'
const reservationId = fc.constantFrom('a', 'b', 'c')
const quantity = fc.integer({ min: 1, max: 6 })

const command: fc.Arbitrary<StockCommand> = fc.oneof(
  quantity.map((n): StockCommand => ({ type: 'receive', quantity: n })),
  fc.record({ type: fc.constant('reserve' as const), reservationId, quantity }),
  fc.record({ type: fc.constantFrom('release' as const, 'ship' as const), reservationId }),
  fc.integer({ min: 0, max: 8 }).map((onHand): StockCommand => ({ type: 'count', onHand })),
)

/** The states after each command, from none on; a command that is not accepted leaves the state as it is. */
function statesAfter(commands: readonly StockCommand[]): (Stock | undefined)[] {
  const states: (Stock | undefined)[] = []
  let state: Stock | undefined
  for (const each of commands) {
    const decision = decide(state, each, { id })
    if (decision.type === 'accepted') state = evolve(state, decision.event)
    states.push(state)
  }
  return states
}

test('no sequence of commands reserves stock that is not there', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
      for (const state of statesAfter(commands)) {
        if (!state) continue
        expect(reservedOf(state)).toBeLessThanOrEqual(state.onHand)
        expect(new Set(state.reservations.map((each) => each.reservationId)).size).toBe(
          state.reservations.length,
        )
      }
    }),
  )
})

test('what was received is on hand, was shipped, or was corrected by a count', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
      let state: Stock | undefined
      let expected = 0
      for (const each of commands) {
        const decision = decide(state, each, { id })
        if (decision.type !== 'accepted') continue
        const { event } = decision
        state = evolve(state, event)
        if (event.type === 'received') expected += event.quantity
        if (event.type === 'shipped') expected -= event.quantity
        if (event.type === 'counted') expected = event.onHand
        expect(state.onHand).toBe(expected)
      }
    }),
  )
})

test('a command that was accepted and is repeated without a change in between never takes effect twice, except a receipt', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 20 }), command, (before, last) => {
      fc.pre(last.type !== 'receive')
      const state = statesAfter(before).at(-1)
      const first = decide(state, last, { id })
      fc.pre(first.type === 'accepted')
      if (first.type !== 'accepted') return
      expect(decide(evolve(state, first.event), last, { id }).type).not.toBe('accepted')
    }),
  )
})
