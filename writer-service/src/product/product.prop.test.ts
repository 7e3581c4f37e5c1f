import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decide, evolve, type ProductCommand, type ProductEvent, type ProductState } from './product.ts'

const details = fc.record({
  name: fc.constantFrom('a', 'b'),
  description: fc.constantFrom('', 'x'),
  category: fc.constantFrom('general', 'tea'),
  priceCents: fc.integer({ min: 0, max: 2 }),
})
const command: fc.Arbitrary<ProductCommand> = fc.oneof(
  fc.record({ type: fc.constant('create' as const), details }),
  fc.record({
    type: fc.constant('update' as const),
    changes: details.chain((all) => fc.subarray(Object.entries(all)).map(Object.fromEntries)),
  }),
  fc.record({ type: fc.constant('delete' as const) }),
)
const commands = fc.array(command, { maxLength: 30 })

function run(history: readonly ProductCommand[]) {
  let state: ProductState | undefined
  const events: ProductEvent[] = []
  for (const next of history) {
    const decision = decide(state, next, { id: 'p', at: new Date(0) })
    if (decision.type !== 'accepted') continue
    events.push(decision.event)
    state = evolve(state, decision.event)
  }
  return { state, events }
}

it('the last created or updated event alone gives the state that the whole history gives', () => {
  fc.assert(
    fc.property(commands, (history) => {
      const { state, events } = run(history)
      const last = events.at(-1)
      if (last === undefined || last.type === 'deleted') return
      expect(evolve(undefined, last)).toEqual(state)
    }),
  )
})

it('nothing happens to a product after its deletion', () => {
  fc.assert(
    fc.property(commands, (history) => {
      const { events } = run(history)
      const deletions = events.filter((event) => event.type === 'deleted')
      expect(deletions.length).toBeLessThanOrEqual(1)
      if (deletions[0] !== undefined) expect(events.at(-1)).toBe(deletions[0])
    }),
  )
})
