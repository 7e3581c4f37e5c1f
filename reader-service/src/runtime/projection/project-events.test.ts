import { expect, test, vi } from 'vitest'
import type { SourceEvent, SourceState } from '../read-model.ts'
import { noteAt } from '../testing/notes.ts'
import { projectEvents, type GatedState } from './project-events.ts'

function projectionOn(stored: Record<string, number>) {
  const versions = new Map(Object.entries(stored))
  const store = {
    versions: vi.fn(async (ids: readonly string[]) => {
      return new Map(ids.flatMap((id) => (versions.has(id) ? [[id, versions.get(id)!] as const] : [])))
    }),
    apply: vi.fn(async (states: readonly SourceState[], _expected?: (state: SourceState) => number) => {
      const replaced = new Map<string, number>()
      for (const { id, version } of states) {
        const before = versions.get(id) ?? 0
        if (version <= before) continue
        versions.set(id, version)
        replaced.set(id, before)
      }
      return replaced
    }),
  }
  const cache = { update: vi.fn(async (_: readonly GatedState[]) => {}) }
  const onStored = vi.fn()
  const notify = vi.fn()
  const metrics = { projected: vi.fn(), becameReadable: vi.fn() }
  const projectAttempt = projectEvents({ readModel: 'note', store, cache, onStored, notify, metrics })
  const project = (events: SourceEvent[], attempt = 1) => projectAttempt(events, attempt)
  return { versions, store, cache, onStored, notify, metrics, project }
}

const eventOf = (id: string, version: number) => ({
  eventId: `${id}-${version}`,
  occurredAt: new Date(),
  state: noteAt(id, version),
})

test('a batch is one write with the newest state of each id, one update of the cache and one notification', async () => {
  const { store, cache, notify, metrics, project } = projectionOn({ a: 1, c: 9 })
  await project([eventOf('a', 2), eventOf('b', 1), eventOf('a', 3), eventOf('c', 8)])
  const newest = [noteAt('a', 3), noteAt('b', 1), noteAt('c', 8)]
  expect(store.apply).toHaveBeenCalledExactlyOnceWith(newest, expect.any(Function))
  expect(cache.update).toHaveBeenCalledExactlyOnceWith([
    { state: noteAt('a', 3), applied: true },
    { state: noteAt('b', 1), applied: true },
    { state: noteAt('c', 8), applied: false },
  ])
  expect(notify).toHaveBeenCalledOnce()
  expect(metrics.projected).toHaveBeenCalledExactlyOnceWith({ applied: 2, superseded: 2, missing: 0 })
  expect(metrics.becameReadable).toHaveBeenCalledTimes(2)
})

test('the store is expected to have the version before the lowest of the batch', async () => {
  const { store, project } = projectionOn({ a: 4 })
  await project([eventOf('a', 6), eventOf('a', 5), eventOf('b', 1)])
  const [states, expected] = store.apply.mock.lastCall!
  expect(states.map(expected!)).toEqual([4, 0])
})

test('a redelivered batch writes only what the store does not have yet', async () => {
  const { store, project } = projectionOn({ a: 1, b: 4 })
  await project([eventOf('a', 1), eventOf('b', 5)], 2)
  const [states, expected] = store.apply.mock.lastCall!
  expect(states).toEqual([noteAt('b', 5)])
  expect(states.map(expected!)).toEqual([4])
})

test('an event after a gap is applied, and the gap is counted', async () => {
  const { versions, metrics, project } = projectionOn({ a: 1 })
  await project([eventOf('a', 5)])
  expect(versions.get('a')).toBe(5)
  expect(metrics.projected).toHaveBeenCalledExactlyOnceWith({ applied: 1, superseded: 0, missing: 3 })
})

test('while a cache write is pending the batch fails, and waiting queries are notified nevertheless', async () => {
  const { cache, notify, project } = projectionOn({})
  cache.update.mockRejectedValueOnce(new Error('pending'))
  await expect(project([eventOf('a', 1)])).rejects.toThrow('pending')
  expect(notify).toHaveBeenCalledOnce()
})

test('waiting queries of this process get the states once the store has them, before the cache', async () => {
  const { store, cache, onStored, project } = projectionOn({})
  onStored.mockImplementation(() => expect(cache.update).not.toHaveBeenCalled())
  await project([eventOf('a', 1)])
  expect(onStored).toHaveBeenCalledExactlyOnceWith([{ state: noteAt('a', 1), applied: true }])
  store.apply.mockRejectedValueOnce(new Error('down'))
  await expect(project([eventOf('a', 2)])).rejects.toThrow('down')
  expect(onStored).toHaveBeenCalledOnce()
})

test('when the batch is redelivered after a failure, its states reach the cache as superseded', async () => {
  const { cache, project } = projectionOn({})
  cache.update.mockRejectedValueOnce(new Error('pending'))
  await expect(project([eventOf('a', 1)])).rejects.toThrow()
  await project([eventOf('a', 1)], 2)
  expect(cache.update.mock.lastCall).toEqual([[{ state: noteAt('a', 1), applied: false }]])
})

test('if the store cannot be written, the batch fails before the cache is updated', async () => {
  const { store, cache, project } = projectionOn({})
  store.apply.mockRejectedValueOnce(new Error('down'))
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  await expect(project([{ ...eventOf('a', 1), traceparent }])).rejects.toThrow('down')
  expect(cache.update).not.toHaveBeenCalled()
})
