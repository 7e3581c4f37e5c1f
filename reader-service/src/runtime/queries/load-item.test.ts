import { expect, test, vi } from 'vitest'
import { deletedNoteAt, encodedNote, noteAt, noteReadModel } from '../testing/notes.ts'
import type { StoredItem } from './definition.ts'
import { itemLoader, type CacheRead } from './load-item.ts'

const lease = { key: 'k', token: 't' }

function loaderWith(options: { cached?: CacheRead; stored?: StoredItem | undefined }) {
  const cache = {
    read: vi.fn(async () => options.cached ?? ({ kind: 'miss', lease } as const)),
    fill: vi.fn(async () => {}),
    removeOlder: vi.fn(async () => {}),
  }
  const finder = { find: vi.fn(async () => options.stored) }
  const cacheRead = vi.fn()
  return {
    cache,
    finder,
    cacheRead,
    load: itemLoader({ cache, finder, items: noteReadModel.items, metrics: { cacheRead } }),
  }
}

test('a hit does not read the store', async () => {
  const { load, finder } = loaderWith({ cached: { kind: 'hit', item: encodedNote(noteAt('a', 2)) } })
  expect(await load('a', 2, 0)).toEqual(encodedNote(noteAt('a', 2)))
  expect(finder.find).not.toHaveBeenCalled()
})

test('a miss is filled from the store, also with a tombstone', async () => {
  for (const stored of [noteAt('a', 2), deletedNoteAt('a', 3)]) {
    const { load, cache } = loaderWith({ stored })
    expect(await load('a', 1, 0)).toEqual(encodedNote(stored))
    expect(cache.fill).toHaveBeenCalledExactlyOnceWith(lease, encodedNote(stored))
  }
})

test('an absent document is never cached', async () => {
  const { load, cache } = loaderWith({ stored: undefined })
  expect(await load('a', 1, 0)).toBeUndefined()
  expect(cache.fill).not.toHaveBeenCalled()
})

test('without a lease no entry is filled', async () => {
  const { load, cache } = loaderWith({ cached: { kind: 'miss' }, stored: noteAt('a', 2) })
  await load('a', 1, 0)
  expect(cache.fill).not.toHaveBeenCalled()
})

test('an entry below the floor counts as a miss, and is removed if the store is newer', async () => {
  const { load, cache, cacheRead } = loaderWith({
    cached: { kind: 'hit', item: encodedNote(noteAt('a', 2)) },
    stored: noteAt('a', 4),
  })
  expect(await load('a', 3, 0)).toEqual(encodedNote(noteAt('a', 4)))
  expect(cacheRead).toHaveBeenCalledExactlyOnceWith('stale')
  expect(cache.removeOlder).toHaveBeenCalledExactlyOnceWith('a', 4)
})

test('an entry with the version of the store is not removed', async () => {
  const { load, cache } = loaderWith({
    cached: { kind: 'hit', item: encodedNote(noteAt('a', 2)) },
    stored: noteAt('a', 2),
  })
  expect(await load('a', 3, 0)).toEqual(encodedNote(noteAt('a', 2)))
  expect(cache.removeOlder).not.toHaveBeenCalled()
})

test.each(['bypass', 'error'] as const)(
  'without the cache (%s) the item comes from the store',
  async (kind) => {
    const { load, cacheRead } = loaderWith({ cached: { kind }, stored: noteAt('a', 2) })
    expect(await load('a', 1, 0)).toEqual(encodedNote(noteAt('a', 2)))
    expect(cacheRead).toHaveBeenCalledExactlyOnceWith(kind)
  },
)

test('concurrent calls with the same id share one load; a failed load is not shared with later calls', async () => {
  const { load, finder } = loaderWith({ stored: noteAt('a', 2) })
  finder.find.mockRejectedValueOnce(new Error('down'))
  const failed = await Promise.allSettled([load('a', 1, 0), load('a', 1, 0)])
  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await Promise.all([load('a', 1, 0), load('a', 1, 0), load('a', 2, 0)])).toHaveLength(3)
  expect(finder.find).toHaveBeenCalledTimes(2)
})

test('a caller that needs a later version than the shared load has starts a load after it', async () => {
  const { load, finder } = loaderWith({ stored: noteAt('a', 3) })
  finder.find.mockResolvedValueOnce(noteAt('a', 2))
  const results = await Promise.all([load('a', 1, 0), load('a', 3, 0), load('a', 3, 0)])
  expect(results.map((item) => item?.version)).toEqual([2, 3, 3])
  expect(finder.find).toHaveBeenCalledTimes(2)
})

test('a call after a repair does not share a load that began before it', async () => {
  const { load, finder } = loaderWith({ stored: noteAt('a', 6) })
  finder.find.mockResolvedValueOnce(noteAt('a', 7))
  const results = await Promise.all([load('a', 0, 0), load('a', 0, 1), load('a', 0, 1)])
  expect(results.map((item) => item?.version)).toEqual([7, 6, 6])
  expect(finder.find).toHaveBeenCalledTimes(2)
})
