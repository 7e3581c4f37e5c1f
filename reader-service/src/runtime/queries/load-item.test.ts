import { expect, test, vi } from 'vitest'
import type { ProductState } from '../domain/product.ts'
import { productLoader } from './load-product.ts'
import type { CacheAnswer } from './ports.ts'
import { productAt, tombstoneAt } from '../../testing/products.ts'

const lease = { key: 'k', token: 't' }

function loaderWith(options: { cached?: CacheAnswer; stored?: ProductState | undefined }) {
  const cache = {
    read: vi.fn(async () => options.cached ?? ({ kind: 'miss', lease } as const)),
    fill: vi.fn(async () => {}),
    removeOlder: vi.fn(async () => {}),
  }
  const finder = { find: vi.fn(async () => options.stored) }
  const cacheAnswered = vi.fn()
  return { cache, finder, cacheAnswered, load: productLoader({ cache, finder, metrics: { cacheAnswered } }) }
}

test('a hit does not ask the model', async () => {
  const { load, finder } = loaderWith({ cached: { kind: 'hit', state: productAt('a', 2) } })
  expect(await load('a', 2)).toEqual(productAt('a', 2))
  expect(finder.find).not.toHaveBeenCalled()
})

test('a miss is filled with what the model holds, a tombstone too', async () => {
  for (const stored of [productAt('a', 2), tombstoneAt('a', 3)]) {
    const { load, cache } = loaderWith({ stored })
    expect(await load('a', 1)).toEqual(stored)
    expect(cache.fill).toHaveBeenCalledExactlyOnceWith(lease, stored)
  }
})

test('that there is no product is never cached', async () => {
  const { load, cache } = loaderWith({ stored: undefined })
  expect(await load('a', 1)).toBeUndefined()
  expect(cache.fill).not.toHaveBeenCalled()
})

test('without a lease nothing is filled', async () => {
  const { load, cache } = loaderWith({ cached: { kind: 'miss' }, stored: productAt('a', 2) })
  await load('a', 1)
  expect(cache.fill).not.toHaveBeenCalled()
})

test('an entry older than was asked for is not believed, and goes when the model is newer', async () => {
  const { load, cache, cacheAnswered } = loaderWith({
    cached: { kind: 'hit', state: productAt('a', 2) },
    stored: productAt('a', 4),
  })
  expect(await load('a', 3)).toEqual(productAt('a', 4))
  expect(cacheAnswered).toHaveBeenCalledExactlyOnceWith('stale')
  expect(cache.removeOlder).toHaveBeenCalledExactlyOnceWith('a', 4)
})

test('an entry as old as the model stays', async () => {
  const { load, cache } = loaderWith({
    cached: { kind: 'hit', state: productAt('a', 2) },
    stored: productAt('a', 2),
  })
  expect(await load('a', 3)).toEqual(productAt('a', 2))
  expect(cache.removeOlder).not.toHaveBeenCalled()
})

test.each(['bypass', 'error'] as const)('without the cache (%s) the model answers', async (kind) => {
  const { load, cacheAnswered } = loaderWith({ cached: { kind }, stored: productAt('a', 2) })
  expect(await load('a', 1)).toEqual(productAt('a', 2))
  expect(cacheAnswered).toHaveBeenCalledExactlyOnceWith(kind)
})

test('callers of the same id share one load, and one that fails is not shared with later ones', async () => {
  const { load, finder } = loaderWith({ stored: productAt('a', 2) })
  finder.find.mockRejectedValueOnce(new Error('away'))
  const failed = await Promise.allSettled([load('a', 1), load('a', 1)])
  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await Promise.all([load('a', 1), load('a', 1), load('a', 2)])).toHaveLength(3)
  expect(finder.find).toHaveBeenCalledTimes(2)
})

test('who needs a later version than a shared load brought has a load begun after it', async () => {
  const { load, finder } = loaderWith({ stored: productAt('a', 3) })
  finder.find.mockResolvedValueOnce(productAt('a', 2))
  const answers = await Promise.all([load('a', 1), load('a', 3), load('a', 3)])
  expect(answers.map((state) => state?.version)).toEqual([2, 3, 3])
  expect(finder.find).toHaveBeenCalledTimes(2)
})
