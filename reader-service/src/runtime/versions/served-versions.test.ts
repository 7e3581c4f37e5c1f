import fc from 'fast-check'
import { expect, test } from 'vitest'
import { servedVersions } from './served-versions.ts'

const CAPACITY = 3

test('the highest versions of the ids that were returned last are kept, and those of others in a bounded number', () => {
  const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']
  const returned = fc.array(fc.tuple(fc.constantFrom(...ids), fc.integer({ min: 1, max: 5 })))
  fc.assert(
    fc.property(returned, (all) => {
      const served = servedVersions(CAPACITY)
      for (const [id, version] of all) served.add(id, version, served.epoch())
      const lastIds = [...new Set(all.toReversed().map(([id]) => id))].slice(0, CAPACITY)
      for (const id of lastIds) {
        // The last version of the id was returned within the capacity, so it counts.
        expect(served.highest(id)).toBeGreaterThanOrEqual(all.findLast(([each]) => each === id)![1])
      }
      for (const id of ids) {
        const versions = all.filter(([each]) => each === id).map(([, version]) => version)
        expect([0, ...versions]).toContain(served.highest(id))
      }
      expect(ids.filter((id) => served.highest(id) > 0).length).toBeLessThanOrEqual(2 * CAPACITY)
    }),
  )
})

test('an older version does not replace a newer one, also when its id moves to the newer map', () => {
  const served = servedVersions(2)
  served.add('a', 3, 0)
  served.add('b', 1, 0)
  served.add('c', 1, 0)
  served.add('a', 2, 0)
  expect(['a', 'b', 'c'].map(served.highest)).toEqual([3, 1, 1])
})

test('after a clearing, no version is known and an earlier epoch adds none', () => {
  const served = servedVersions(1)
  served.add('a', 3, 0)
  served.add('b', 1, 0)
  served.clear()
  served.add('c', 1, 0)
  expect(['a', 'b', 'c'].map(served.highest)).toEqual([0, 0, 0])
  served.add('a', 1, served.epoch())
  expect(served.highest('a')).toBe(1)
})
