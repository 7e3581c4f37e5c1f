import fc from 'fast-check'
import { expect, test } from 'vitest'
import { missingVersions, newestPerId } from './newest.ts'
import type { ProjectedEvent } from './product.ts'

const eventOf = (id: string, version: number): ProjectedEvent => ({
  eventId: `${id}-${version}`,
  occurredAt: new Date(0),
  state: { id, version, deleted: true },
})
const event = fc
  .tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 8 }))
  .map(([id, version]) => eventOf(id, version))
const batches = fc.array(fc.array(event, { maxLength: 12 }), { maxLength: 6 })

/** The model behind the gate: an event is applied if its version is higher. */
function project(model: Map<string, number>, events: readonly ProjectedEvent[]): void {
  for (const { state } of events) {
    if (state.version > (model.get(state.id) ?? 0)) model.set(state.id, state.version)
  }
}

test('however events are repeated, reordered and cut into batches, the newest of each id remains', () => {
  fc.assert(
    fc.property(batches, (all) => {
      const model = new Map<string, number>()
      for (const batch of all) project(model, newestPerId(batch))
      const highest = new Map<string, number>()
      project(highest, all.flat())
      expect(model).toEqual(highest)
    }),
  )
})

test('a batch has one event of each id', () => {
  fc.assert(
    fc.property(fc.array(event), (batch) => {
      const ids = newestPerId(batch).map(({ state }) => state.id)
      expect(ids).toEqual([...new Set(batch.map(({ state }) => state.id))])
    }),
  )
})

test('the versions that never arrived are counted, however the others are cut into batches', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
      fc.integer({ min: 1, max: 5 }),
      (versions, size) => {
        const inOrder = versions.toSorted((a, b) => a - b).map((version) => eventOf('a', version))
        const model = new Map<string, number>()
        let missing = 0
        for (let i = 0; i < inOrder.length; i += size) {
          const batch = inOrder.slice(i, i + size)
          missing += missingVersions(batch, model)
          project(model, batch)
        }
        expect(missing).toBe(Math.max(...versions) - versions.length)
      },
    ),
  )
})

test('repeats and late events are no gap', () => {
  expect(missingVersions([eventOf('a', 3), eventOf('a', 2), eventOf('a', 3)], new Map([['a', 3]]))).toBe(0)
  expect(missingVersions([eventOf('a', 5), eventOf('a', 5)], new Map([['a', 3]]))).toBe(1)
})
