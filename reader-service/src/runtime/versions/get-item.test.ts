import type { AppError } from '@lockstep/core/errors/app-error.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ProductState } from '../domain/product.ts'
import { getProduct, type WaitLimits } from './get-product.ts'
import { productAt, tombstoneAt } from '../../testing/products.ts'
import { versionHints } from './version-hints.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function queryOn(model: Map<string, ProductState>, limits: Partial<WaitLimits> = {}) {
  const load = vi.fn(async (id: string) => model.get(id))
  const versions = vi.fn(async () => new Map([...model].map(([id, state]) => [id, state.version])))
  const hints = versionHints({ versions })
  const metrics = { waiters: vi.fn(), waited: vi.fn() }
  const all = { maxWaitMs: 1_000, maxWaiters: 10, rememberedIds: 10, ...limits }
  return { load, versions, hints, metrics, get: getProduct({ load, hints, metrics, limits: all }) }
}

/** The outcome, and how many ms it took. */
async function timed(query: Promise<ProductState>): Promise<{ outcome: unknown; ms: number }> {
  const begun = Date.now()
  const settled = query.then(
    (state) => ({ outcome: state.version, ms: Date.now() - begun }),
    (error: AppError) => ({ outcome: error.code, ms: Date.now() - begun }),
  )
  await vi.runAllTimersAsync()
  return settled
}

test('an unknown product is not found at once', async () => {
  const { get } = queryOn(new Map())
  expect(await timed(get({ id: 'a' }))).toEqual({ outcome: 'not_found', ms: 0 })
})

test('a version that is there is answered at once', async () => {
  const { get } = queryOn(new Map([['a', productAt('a', 3)]]))
  expect(await timed(get({ id: 'a', minVersion: 2 }))).toEqual({ outcome: 3, ms: 0 })
})

test('a hint ends the wait for a version', async () => {
  const model = new Map<string, ProductState>([['a', productAt('a', 1)]])
  const { get, hints } = queryOn(model)
  const answer = timed(get({ id: 'a', minVersion: 2 }))
  setTimeout(() => {
    model.set('a', productAt('a', 2))
    hints.notify({ id: 'a', version: 2 })
  }, 1)
  expect(await answer).toEqual({ outcome: 2, ms: 1 })
})

test('a version whose hint is lost is found by asking the model, once for all who wait', async () => {
  const model = new Map<string, ProductState>()
  const { get, load, versions } = queryOn(model)
  const ids = ['a', 'b', 'c']
  setTimeout(() => ids.forEach((id) => model.set(id, productAt(id, 2))), 450)
  const answers = await Promise.all(ids.map((id) => timed(get({ id, minVersion: 2 }))))
  expect(answers).toEqual(ids.map(() => ({ outcome: 2, ms: 500 })))
  expect(versions).toHaveBeenCalledTimes(5)
  expect(load).toHaveBeenCalledTimes(2 * ids.length)
})

test('nobody asks the model when nobody waits', async () => {
  const model = new Map<string, ProductState>([['a', productAt('a', 1)]])
  const { get, versions } = queryOn(model)
  expect(await timed(get({ id: 'a', minVersion: 1 }))).toEqual({ outcome: 1, ms: 0 })
  expect(versions).not.toHaveBeenCalled()
})

test('a model that cannot be asked for a while is asked again', async () => {
  const model = new Map<string, ProductState>()
  const { get, versions } = queryOn(model)
  versions.mockRejectedValueOnce(new Error('away'))
  setTimeout(() => model.set('a', productAt('a', 1)), 50)
  expect(await timed(get({ id: 'a', minVersion: 1 }))).toEqual({ outcome: 1, ms: 200 })
})

test('a hint that was wrong does not end the wait', async () => {
  const { get, hints } = queryOn(new Map([['a', productAt('a', 1)]]))
  setTimeout(() => hints.notify({ id: 'a', version: 2 }), 5)
  expect(await timed(get({ id: 'a', minVersion: 2 }))).toMatchObject({ outcome: 'read_model_behind' })
})

test.each([undefined, productAt('a', 1), tombstoneAt('a', 1)])(
  'a model that stays behind is said to be, after the longest wait',
  async (state) => {
    const { get } = queryOn(new Map(state && [['a', state]]))
    const answer = await timed(get({ id: 'a', minVersion: 2 }))
    expect(answer).toEqual({ outcome: 'read_model_behind', ms: 1_000 })
  },
)

test('the answer comes 20 ms before the deadline of the caller', async () => {
  const { get } = queryOn(new Map())
  const answer = await timed(get({ id: 'a', minVersion: 1, deadline: Date.now() + 300 }))
  expect(answer).toEqual({ outcome: 'read_model_behind', ms: 280 })
})

test('also when the model does not answer', async () => {
  const { get, load } = queryOn(new Map())
  load.mockReturnValue(new Promise(() => {}))
  const answer = await timed(get({ id: 'a', minVersion: 1, deadline: Date.now() + 300 }))
  expect(answer).toEqual({ outcome: 'read_model_behind', ms: 280 })
})

test('a product deleted at that version is not found', async () => {
  const { get } = queryOn(new Map([['a', tombstoneAt('a', 2)]]))
  expect(await timed(get({ id: 'a', minVersion: 2 }))).toEqual({ outcome: 'not_found', ms: 0 })
})

test('more waiters than allowed are refused at once, and make room when they leave', async () => {
  const { get, metrics } = queryOn(new Map(), { maxWaiters: 2 })
  const waiting = Promise.allSettled([1, 2].map(() => get({ id: 'a', minVersion: 1 })))
  await vi.advanceTimersByTimeAsync(50)
  await expect(get({ id: 'b', minVersion: 1 })).rejects.toMatchObject({ code: 'overloaded' })
  await vi.runAllTimersAsync()
  await waiting
  expect(await timed(get({ id: 'b', minVersion: 1 }))).toMatchObject({ outcome: 'read_model_behind' })
  expect(metrics.waiters.mock.lastCall).toEqual([0])
})

test('nothing older than what was answered before is believed', async () => {
  const model = new Map<string, ProductState>([['a', productAt('a', 7)]])
  const { get, load } = queryOn(model)
  await timed(get({ id: 'a' }))
  await timed(get({ id: 'a', minVersion: 3 }))
  expect(load.mock.calls).toEqual([
    ['a', 0],
    ['a', 7],
  ])
})
