import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SourceEvent } from '../read-model.ts'
import { missingVersions, newestPerId } from './newest.ts'

const eventOf = (id: string, version: number): SourceEvent => ({
  eventId: `${id}-${version}`,
  occurredAt: new Date(0),
  state: { id, version, deleted: true },
})
const event = fc
  .tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 8 }))
  .map(([id, version]) => eventOf(id, version))
const batches = fc.array(fc.array(event, { maxLength: 12 }), { maxLength: 6 })

/** The version gate: an event is applied if its version is higher. */
function project(stored: Map<string, number>, events: readonly SourceEvent[]): void {
  for (const { state } of events) {
    if (state.version > (stored.get(state.id) ?? 0)) stored.set(state.id, state.version)
  }
}

test('in whatever order and batches events arrive, the newest of each id remains', () => {
  fc.assert(
    fc.property(batches, (all) => {
      const stored = new Map<string, number>()
      for (const batch of all) project(stored, newestPerId(batch))
      const highest = new Map<string, number>()
      project(highest, all.flat())
      expect(stored).toEqual(highest)
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

test('the versions that did not arrive are counted, in whatever batches the others arrive', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
      fc.integer({ min: 1, max: 5 }),
      (versions, size) => {
        const inOrder = versions.toSorted((a, b) => a - b).map((version) => eventOf('a', version))
        const stored = new Map<string, number>()
        let missing = 0
        for (let i = 0; i < inOrder.length; i += size) {
          const batch = inOrder.slice(i, i + size)
          missing += missingVersions(batch, stored)
          project(stored, batch)
        }
        expect(missing).toBe(Math.max(...versions) - versions.length)
      },
    ),
  )
})

test('repeated and late events are no gap', () => {
  expect(missingVersions([eventOf('a', 3), eventOf('a', 2), eventOf('a', 3)], new Map([['a', 3]]))).toBe(0)
  expect(missingVersions([eventOf('a', 5), eventOf('a', 5)], new Map([['a', 3]]))).toBe(1)
})
