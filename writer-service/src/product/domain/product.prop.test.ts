import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decide, evolve, type Product, type ProductCommand, type ProductEvent } from './product.ts'

const details = fc.record({
  name: fc.constantFrom('a', 'b'),
  description: fc.constantFrom('', 'x'),
  category: fc.constantFrom('general', 'tea'),
  priceCents: fc.integer({ min: 0, max: 2 }),
})
const expectedVersion = fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined })
const command: fc.Arbitrary<ProductCommand> = fc.oneof(
  fc.record({ type: fc.constant('create' as const), id: fc.constant('p'), details }),
  fc.record({
    type: fc.constant('update' as const),
    id: fc.constant('p'),
    changes: details.chain((all) => fc.subarray(Object.entries(all)).map(Object.fromEntries)),
    expectedVersion,
  }),
  fc.record({ type: fc.constant('delete' as const), id: fc.constant('p'), expectedVersion }),
)
const history = fc.array(fc.tuple(command, fc.date({ noInvalidDate: true })), { maxLength: 30 })

function run(commands: readonly (readonly [ProductCommand, Date])[]) {
  let state: Product | undefined
  const events: ProductEvent[] = []
  for (const [next, at] of commands) {
    const decision = decide(state, next, { at, eventId: `e${events.length}` })
    if (decision.type !== 'accepted') continue
    events.push(decision.event)
    state = evolve(state, decision.event)
  }
  return { state, events }
}

it('versions are 1..n without a hole, whatever is asked', () => {
  fc.assert(
    fc.property(history, (commands) => {
      expect(run(commands).events.map((event) => event.version)).toEqual(
        run(commands).events.map((_, index) => index + 1),
      )
    }),
  )
})

it('the last created or updated event alone gives the state that the whole history gives', () => {
  fc.assert(
    fc.property(history, (commands) => {
      const { state, events } = run(commands)
      const last = events.at(-1)
      if (last === undefined || last.change.type === 'deleted') return
      expect(evolve(undefined, last)).toEqual(state)
    }),
  )
})

it('nothing happens to a product after its deletion', () => {
  fc.assert(
    fc.property(history, (commands) => {
      const { events } = run(commands)
      const deletions = events.filter((event) => event.change.type === 'deleted')
      expect(deletions.length).toBeLessThanOrEqual(1)
      if (deletions[0] !== undefined) expect(events.at(-1)).toBe(deletions[0])
    }),
  )
})

it('a product never grows younger: its times do not run backwards', () => {
  fc.assert(
    fc.property(history, (commands) => {
      const times = run(commands).events.map((event) => event.occurredAt.getTime())
      expect(times).toEqual(times.toSorted((a, b) => a - b))
    }),
  )
})
