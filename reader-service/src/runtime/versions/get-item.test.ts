import { limitConcurrency } from '@lockstep/core/async/limit-concurrency.ts'
import type { AppError } from '@lockstep/core/errors/app-error.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { arrivalsOf } from '../projection/arrivals.ts'
import type { EncodedItem } from '../queries/definition.ts'
import { deletedNoteAt, encodedNote, noteAt, noteReadModel } from '../testing/notes.ts'
import { getItem } from './get-item.ts'
import { servedVersions } from './served-versions.ts'
import { versionNotifications } from './version-notifications.ts'
import { waitForVersion } from './wait-for-version.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function queryOn(store: Map<string, EncodedItem>, { maxWaiters = 10 } = {}) {
  const load = vi.fn(async (id: string, _floor: number, _epoch: number) => store.get(id))
  const versions = vi.fn(async () => new Map([...store].map(([id, { version }]) => [id, version])))
  const notifications = versionNotifications({ versions })
  const metrics = { waiters: vi.fn(), waited: vi.fn() }
  const served = servedVersions(10)
  const waits = limitConcurrency({ limit: maxWaiters, onChange: metrics.waiters })
  const wait = waitForVersion({ notifications, waits, maxWaitMs: 1_000, metrics })
  const get = getItem({ noun: 'note', load, served, wait })
  return { load, versions, notifications, metrics, served, get }
}

/** The outcome, and how many ms it took. */
async function timed(query: Promise<EncodedItem>): Promise<{ outcome: unknown; ms: number }> {
  const startedAt = Date.now()
  const result = query.then(
    (state) => ({ outcome: state.version, ms: Date.now() - startedAt }),
    (error: AppError) => ({ outcome: error.code, ms: Date.now() - startedAt }),
  )
  await vi.runAllTimersAsync()
  return result
}

test('an unknown id is not found at once', async () => {
  const { get } = queryOn(new Map())
  expect(await timed(get({ id: 'a' }))).toEqual({ outcome: 'not_found', ms: 0 })
})

test('a version that the store has is returned at once', async () => {
  const { get } = queryOn(new Map([['a', encodedNote(noteAt('a', 3))]]))
  expect(await timed(get({ id: 'a', minVersion: 2 }))).toEqual({ outcome: 3, ms: 0 })
})

test('a notification ends the wait for a version', async () => {
  const store = new Map<string, EncodedItem>([['a', encodedNote(noteAt('a', 1))]])
  const { get, notifications } = queryOn(store)
  const response = timed(get({ id: 'a', minVersion: 2 }))
  setTimeout(() => {
    store.set('a', encodedNote(noteAt('a', 2)))
    notifications.notify({ id: 'a', version: 2 })
  }, 1)
  expect(await response).toEqual({ outcome: 2, ms: 1 })
})

test('a version that arrives with its item is returned without another read, and remembered', async () => {
  const store = new Map<string, EncodedItem>()
  const { get, load, notifications } = queryOn(store)
  const response = timed(get({ id: 'a', minVersion: 2 }))
  setTimeout(() => {
    notifications.notify({ id: 'a', version: 1, item: () => encodedNote(noteAt('a', 1)) })
    notifications.notify({ id: 'a', version: 3, item: () => encodedNote(noteAt('a', 3)) })
  }, 1)
  expect(await response).toEqual({ outcome: 3, ms: 1 })
  expect(load).toHaveBeenCalledOnce()
  store.set('a', encodedNote(noteAt('a', 2)))
  expect(await timed(get({ id: 'a' }))).toMatchObject({ outcome: 'read_model_behind' })
})

test('an item that arrives during the read of the store is returned at once', async () => {
  const { get, load, notifications } = queryOn(new Map())
  load.mockImplementation(() => new Promise(() => {}))
  const response = timed(get({ id: 'a', minVersion: 2 }))
  setTimeout(() => notifications.notify({ id: 'a', version: 2, item: () => encodedNote(noteAt('a', 2)) }), 1)
  expect(await response).toEqual({ outcome: 2, ms: 1 })
})

test('a deletion that arrives while a query waits for it is not found', async () => {
  const { get, notifications } = queryOn(new Map())
  const response = timed(get({ id: 'a', minVersion: 2 }))
  setTimeout(
    () => notifications.notify({ id: 'a', version: 2, item: () => encodedNote(deletedNoteAt('a', 2)) }),
    1,
  )
  expect(await response).toEqual({ outcome: 'not_found', ms: 1 })
})

test('no item is built if no query waits', async () => {
  const { notifications } = queryOn(new Map())
  const item = vi.fn(() => encodedNote(noteAt('a', 1)))
  notifications.notify({ id: 'a', version: 1, item })
  expect(item).not.toHaveBeenCalled()
})

test('only applied states arrive', () => {
  const states = [
    { state: noteAt('a', 2), applied: true },
    { state: noteAt('b', 1), applied: false },
  ]
  const arrivals = arrivalsOf(noteReadModel.items, states)
  expect(arrivals).toEqual([{ id: 'a', version: 2, item: expect.any(Function) }])
  expect(arrivals[0]!.item!()).toEqual(encodedNote(noteAt('a', 2)))
})

test('a version whose notification is lost is found by one poll of the store for all waiters', async () => {
  const store = new Map<string, EncodedItem>()
  const { get, load, versions } = queryOn(store)
  const ids = ['a', 'b', 'c']
  setTimeout(() => ids.forEach((id) => store.set(id, encodedNote(noteAt(id, 2)))), 450)
  const responses = await Promise.all(ids.map((id) => timed(get({ id, minVersion: 2 }))))
  expect(responses).toEqual(ids.map(() => ({ outcome: 2, ms: 500 })))
  expect(versions).toHaveBeenCalledTimes(5)
  expect(load).toHaveBeenCalledTimes(2 * ids.length)
})

test('the store is not polled while no query waits', async () => {
  const store = new Map<string, EncodedItem>([['a', encodedNote(noteAt('a', 1))]])
  const { get, versions } = queryOn(store)
  expect(await timed(get({ id: 'a', minVersion: 1 }))).toEqual({ outcome: 1, ms: 0 })
  expect(versions).not.toHaveBeenCalled()
})

test('a poll that fails is repeated', async () => {
  const store = new Map<string, EncodedItem>()
  const { get, versions } = queryOn(store)
  versions.mockRejectedValueOnce(new Error('down'))
  setTimeout(() => store.set('a', encodedNote(noteAt('a', 1))), 50)
  expect(await timed(get({ id: 'a', minVersion: 1 }))).toEqual({ outcome: 1, ms: 200 })
})

test('a wrong notification does not end the wait', async () => {
  const { get, notifications } = queryOn(new Map([['a', encodedNote(noteAt('a', 1))]]))
  setTimeout(() => notifications.notify({ id: 'a', version: 2 }), 5)
  expect(await timed(get({ id: 'a', minVersion: 2 }))).toMatchObject({ outcome: 'read_model_behind' })
})

test.each([undefined, encodedNote(noteAt('a', 1)), encodedNote(deletedNoteAt('a', 1))])(
  'if the read model stays behind, the response says so after the longest wait',
  async (state) => {
    const { get } = queryOn(new Map(state && [['a', state]]))
    const response = await timed(get({ id: 'a', minVersion: 2 }))
    expect(response).toEqual({ outcome: 'read_model_behind', ms: 1_000 })
  },
)

test('the response comes 20 ms before the deadline of the caller', async () => {
  const { get } = queryOn(new Map())
  const response = await timed(get({ id: 'a', minVersion: 1, deadline: Date.now() + 300 }))
  expect(response).toEqual({ outcome: 'read_model_behind', ms: 280 })
})

test('the response also comes before the deadline when the store does not respond', async () => {
  const { get, load } = queryOn(new Map())
  load.mockReturnValue(new Promise(() => {}))
  const response = await timed(get({ id: 'a', minVersion: 1, deadline: Date.now() + 300 }))
  expect(response).toEqual({ outcome: 'read_model_behind', ms: 280 })
})

test('an id that was deleted at that version is not found', async () => {
  const { get } = queryOn(new Map([['a', encodedNote(deletedNoteAt('a', 2))]]))
  expect(await timed(get({ id: 'a', minVersion: 2 }))).toEqual({ outcome: 'not_found', ms: 0 })
})

test('a waiter above the limit is refused at once; a waiter that leaves makes room', async () => {
  const { get, metrics } = queryOn(new Map(), { maxWaiters: 2 })
  const waiting = Promise.allSettled([1, 2].map(() => get({ id: 'a', minVersion: 1 })))
  await vi.advanceTimersByTimeAsync(50)
  await expect(get({ id: 'b', minVersion: 1 })).rejects.toMatchObject({ code: 'overloaded' })
  await vi.runAllTimersAsync()
  await waiting
  expect(await timed(get({ id: 'b', minVersion: 1 }))).toMatchObject({ outcome: 'read_model_behind' })
  expect(metrics.waiters.mock.lastCall).toEqual([0])
})

test('a query never returns an older version than this replica has returned', async () => {
  const store = new Map<string, EncodedItem>([['a', encodedNote(noteAt('a', 7))]])
  const { get, load } = queryOn(store)
  await timed(get({ id: 'a' }))
  store.set('a', encodedNote(noteAt('a', 6)))
  expect(await timed(get({ id: 'a' }))).toEqual({ outcome: 'read_model_behind', ms: 1_000 })
  expect(await timed(get({ id: 'a', minVersion: 3 }))).toEqual({ outcome: 'read_model_behind', ms: 1_000 })
  expect(new Set(load.mock.calls.slice(1).map(([, floor]) => floor))).toEqual(new Set([7]))
  const response = timed(get({ id: 'a' }))
  setTimeout(() => store.set('a', encodedNote(noteAt('a', 7))), 50)
  expect(await response).toEqual({ outcome: 7, ms: 100 })
})

test('after a repair, the versions that were returned before do not count', async () => {
  const store = new Map<string, EncodedItem>([['a', encodedNote(noteAt('a', 7))]])
  const { get, served } = queryOn(store)
  await timed(get({ id: 'a' }))
  store.set('a', encodedNote(noteAt('a', 6)))
  served.clear()
  expect(await timed(get({ id: 'a' }))).toEqual({ outcome: 6, ms: 0 })
})

test('a version that was read before a repair and returned after it does not count either', async () => {
  const { get, load, served } = queryOn(new Map([['a', encodedNote(noteAt('a', 6))]]))
  const slow = Promise.withResolvers<EncodedItem>()
  load.mockReturnValueOnce(slow.promise)
  const response = timed(get({ id: 'a' }))
  served.clear()
  slow.resolve(encodedNote(noteAt('a', 7)))
  expect(await response).toEqual({ outcome: 7, ms: 0 })
  expect(await timed(get({ id: 'a' }))).toEqual({ outcome: 6, ms: 0 })
})
