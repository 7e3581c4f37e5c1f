import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SourceEvent } from '../read-model.ts'
import { eventsById, missingVersions } from './project-events.ts'

const eventOf = (id: string, version: number): SourceEvent => ({
  eventId: `${id}-${version}`,
  occurredAt: new Date(0),
  state: { id, version, deleted: true },
})
const event = fc
  .tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 8 }))
  .map(([id, version]) => eventOf(id, version))
const batches = fc.array(fc.array(event, { maxLength: 12 }), { maxLength: 6 })

const newestOf = (events: readonly SourceEvent[]) =>
  [...eventsById(events).values()].map(({ newest }) => newest)

/** The version gate: an event is applied if its version is higher. Returns the versions that were replaced. */
function project(stored: Map<string, number>, events: readonly SourceEvent[]): Map<string, number> {
  const replaced = new Map<string, number>()
  for (const { state } of events) {
    const before = stored.get(state.id) ?? 0
    if (state.version <= before) continue
    stored.set(state.id, state.version)
    replaced.set(state.id, before)
  }
  return replaced
}

test('in whatever order and batches events arrive, the newest of each id remains', () => {
  fc.assert(
    fc.property(batches, (all) => {
      const stored = new Map<string, number>()
      for (const batch of all) project(stored, newestOf(batch))
      const highest = new Map<string, number>()
      project(highest, all.flat())
      expect(stored).toEqual(highest)
    }),
  )
})

test('a batch has one event of each id', () => {
  fc.assert(
    fc.property(fc.array(event), (batch) => {
      const ids = newestOf(batch).map(({ state }) => state.id)
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
          missing += missingVersions(eventsById(batch), project(stored, newestOf(batch)))
        }
        expect(missing).toBe(Math.max(...versions) - versions.length)
      },
    ),
  )
})

test('repeated and late events are no gap', () => {
  const batch = (...versions: number[]) => eventsById(versions.map((version) => eventOf('a', version)))
  expect(missingVersions(batch(3, 2, 3), new Map())).toBe(0)
  expect(missingVersions(batch(4, 2, 3), new Map([['a', 3]]))).toBe(0)
  expect(missingVersions(batch(5, 5), new Map([['a', 3]]))).toBe(1)
})
