import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { documentLoader, type DocumentCache, type DocumentRead } from './load-document.ts'

/** From now on the loader measures the time that the test sets; its pauses take real time. */
const stopClock = () => vi.useFakeTimers({ toFake: ['performance'] })
afterEach(() => void vi.useRealTimers())

/** What the cache does for each query, in order; the last one repeats. */
function setup(...reads: DocumentRead[]) {
  const read = vi.fn(async () => (reads.length > 1 ? reads.shift()! : reads[0]!))
  const fill = vi.fn<DocumentCache['fill']>(async () => {})
  const documentRead = vi.fn()
  const load = documentLoader({ cache: { read, fill }, metrics: { documentRead }, maxLagMs: 200 })
  return { load, read, fill, documentRead }
}

const lease = { key: 'k', token: 't', marker: 'm', madeAt: new Date(5) }
const hit = { kind: 'hit', json: '"other"', ageMs: 7 } as const

function made() {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  return { make: vi.fn((_: Date) => promise), resolve, reject }
}

test('the query with the lease makes the document of the time of the lease, and stores it before it responds', async () => {
  const { load, fill, documentRead } = setup({ kind: 'lease', lease })
  const make = vi.fn(async (_: Date) => '"mine"')
  expect(await load('top', make)).toEqual({ json: '"mine"', ageMs: 0, document: 'made' })
  expect(make).toHaveBeenCalledWith(lease.madeAt)
  expect(fill).toHaveBeenCalledExactlyOnceWith(lease, '"mine"')
  expect(documentRead).toHaveBeenCalledExactlyOnceWith('made')
})

test('a query that another replica precedes waits for its document', async () => {
  const { load, read } = setup({ kind: 'leased' }, { kind: 'leased' }, hit)
  const { make } = made()
  expect(await load('top', make)).toEqual({ json: '"other"', ageMs: 7, document: 'cached' })
  expect(make).not.toHaveBeenCalled()
  expect(read).toHaveBeenCalledTimes(3)
})

test('a query that waits in vain makes the document for itself, and does not store it', async () => {
  const { load, fill } = setup({ kind: 'leased' })
  expect(await load('top', async () => '"mine"')).toMatchObject({ json: '"mine"', document: 'made' })
  expect(fill).not.toHaveBeenCalled()
})

test('without the cache, concurrent queries share the work, and later ones its result until the lag has passed', async () => {
  stopClock()
  const { load, documentRead } = setup({ kind: 'bypass' })
  const { make, resolve } = made()
  const first = load('top', make)
  const second = load('top', make)
  const other = load('other', async () => '"other"')
  await nextTurn()
  vi.advanceTimersByTime(20)
  resolve('"mine"')
  expect([(await first).document, (await second).document]).toEqual(['made', 'cached'])
  expect((await second).ageMs).toBe(20)
  expect(await other).toMatchObject({ json: '"other"', document: 'made' })
  vi.advanceTimersByTime(179)
  expect(await load('top', make)).toMatchObject({ json: '"mine"', ageMs: 199, document: 'cached' })
  expect(make).toHaveBeenCalledTimes(1)
  vi.advanceTimersByTime(1)
  expect(await load('top', make)).toMatchObject({ ageMs: 0, document: 'made' })
  expect(make).toHaveBeenCalledTimes(2)
  expect(documentRead.mock.calls.flat()).toEqual(['bypass', 'bypass', 'cached', 'cached', 'bypass'])
})

test('work that began before the lag is not shared: it may lack a change that is older', async () => {
  stopClock()
  const { load } = setup({ kind: 'bypass' })
  const slow = made()
  const first = load('top', slow.make)
  await nextTurn()
  vi.advanceTimersByTime(200)
  expect(await load('top', async () => '"new"')).toMatchObject({ json: '"new"', document: 'made' })
  slow.resolve('"old"')
  expect(await first).toMatchObject({ json: '"old"' })
})

test('a failure reaches all queries that share it, and the next one tries again', async () => {
  const { load } = setup({ kind: 'error' })
  const { make, reject } = made()
  const failed = Promise.allSettled([load('top', make), load('top', make)])
  await nextTurn()
  reject(new Error('MongoDB is down'))
  expect((await failed).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(make).toHaveBeenCalledTimes(1)
  expect(await load('top', async () => '"new"')).toMatchObject({ json: '"new"' })
})
