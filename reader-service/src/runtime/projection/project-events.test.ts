import { expect, test, vi } from 'vitest'
import type { ProductState } from '../domain/product.ts'
import type { Settlement } from './ports.ts'
import { projectProducts } from './project-products.ts'
import { productAt } from '../../testing/products.ts'

function projectionOn(held: Record<string, number>) {
  const model = new Map(Object.entries(held))
  const store = {
    versions: vi.fn(async (ids: readonly string[]) => {
      return new Map(ids.flatMap((id) => (model.has(id) ? [[id, model.get(id)!] as const] : [])))
    }),
    apply: vi.fn(async (states: readonly ProductState[]) => {
      for (const { id, version } of states) model.set(id, version)
      return new Set(states.map(({ id }) => id))
    }),
  }
  const cache = { settle: vi.fn(async (_: readonly Settlement[]) => {}) }
  const hints = { announce: vi.fn() }
  const metrics = { projected: vi.fn(), becameReadable: vi.fn() }
  return { model, store, cache, hints, metrics, project: projectProducts({ store, cache, hints, metrics }) }
}

const eventOf = (id: string, version: number) => ({
  eventId: `${id}-${version}`,
  occurredAt: new Date(),
  state: productAt(id, version),
})

test('one write with the newest of each id, settled with the cache, then announced', async () => {
  const { store, cache, hints, metrics, project } = projectionOn({ a: 1, c: 9 })
  await project([eventOf('a', 2), eventOf('b', 1), eventOf('a', 3), eventOf('c', 8)])
  expect(store.apply).toHaveBeenCalledExactlyOnceWith([productAt('a', 3), productAt('b', 1)])
  expect(cache.settle).toHaveBeenCalledExactlyOnceWith([
    { state: productAt('a', 3), applied: true },
    { state: productAt('b', 1), applied: true },
    { state: productAt('c', 8), applied: false },
  ])
  expect(hints.announce).toHaveBeenCalledOnce()
  expect(metrics.projected).toHaveBeenCalledExactlyOnceWith({ applied: 2, superseded: 2, missing: 0 })
  expect(metrics.becameReadable).toHaveBeenCalledTimes(2)
})

test('an event over a gap is applied and the gap counted', async () => {
  const { model, metrics, project } = projectionOn({ a: 1 })
  await project([eventOf('a', 5)])
  expect(model.get('a')).toBe(5)
  expect(metrics.projected).toHaveBeenCalledExactlyOnceWith({ applied: 1, superseded: 0, missing: 3 })
})

test('while the cache is owed its write the batch fails, and those who wait are told all the same', async () => {
  const { cache, hints, project } = projectionOn({})
  cache.settle.mockRejectedValueOnce(new Error('owed'))
  await expect(project([eventOf('a', 1)])).rejects.toThrow('owed')
  expect(hints.announce).toHaveBeenCalledOnce()
})

test('after a failure the batch comes again and the cache is told that the model had it already', async () => {
  const { cache, project } = projectionOn({})
  cache.settle.mockRejectedValueOnce(new Error('owed'))
  await expect(project([eventOf('a', 1)])).rejects.toThrow()
  await project([eventOf('a', 1)])
  expect(cache.settle.mock.lastCall).toEqual([[{ state: productAt('a', 1), applied: false }]])
})

test('a model that cannot be written fails the batch before the cache hears of it', async () => {
  const { store, cache, project } = projectionOn({})
  store.apply.mockRejectedValueOnce(new Error('away'))
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  await expect(project([{ ...eventOf('a', 1), traceparent }])).rejects.toThrow('away')
  expect(cache.settle).not.toHaveBeenCalled()
})
