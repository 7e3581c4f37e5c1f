import { setImmediate as nextTurn } from 'node:timers/promises'
import { delayedProxy } from '@lockstep/testkit/delayed-proxy.ts'
import { MongoClient } from 'mongodb'
import { afterAll, expect, inject, test } from 'vitest'
import { mongoClients } from '../testing/mongo-clients.ts'
import { applyContributions, type SlotStore } from './apply-contributions.ts'
import { mongoSlots, type SlotDocument } from './mongo-slots.ts'
import { combine, emptySlot, slotOf, withEntry, type Contribution, type GroupTotals } from './slots.ts'
import { totalsFinder } from './totals-finder.ts'
import { totalsStore } from './totals-store.ts'

const clients = mongoClients(inject('mongoUrl'))
afterAll(() => clients[Symbol.asyncDispose]())

let opened = 0
/** A collection of its own, through two clients. */
function openTotals() {
  const name = `totals${opened++}`
  const [one, other] = clients.dbs
  return {
    stores: [totalsStore(one, name), totalsStore(other, name)] as const,
    slots: one.collection<SlotDocument>(name),
    async totals() {
      const { groups } = await totalsFinder(one, name, { timeoutMs: 10_000 }).totals(Infinity)
      return inOrder(groups)
    },
  }
}

const inOrder = (groups: readonly GroupTotals[]) => groups.toSorted((a, b) => (a.group < b.group ? -1 : 1))
const at = new Date('2026-03-14T09:26:53.589Z')
/** Only the first call does it. */
function once(work: () => Promise<unknown>): () => Promise<unknown> {
  let done: Promise<unknown> | undefined
  return () => (done ??= work())
}

const shareOf = (group: string, value: number) => ({ group, value })

function state(id: string, version: number, share?: { group: string; value: number }): Contribution {
  return {
    id,
    version,
    deleted: share === undefined,
    at: new Date(at.getTime() + version),
    ...(share && { share }),
  }
}

function idsOfOneSlot(count: number): string[] {
  const ids: string[] = []
  while (ids.length < count) {
    const id = crypto.randomUUID()
    if (slotOf(id) === 0) ids.push(id)
  }
  return ids
}

const foldOf = (last: Iterable<Contribution>) =>
  inOrder(
    combine(
      [...last].flatMap(({ share }) =>
        share
          ? [
              {
                totals: [
                  { group: share.group, count: 1, sum: share.value, min: share.value, max: share.value },
                ],
              },
            ]
          : [],
      ),
    ),
  )

test('states are applied if their version is higher; moves and deletions change both groups', async () => {
  const { stores, totals } = openTotals()
  const [store] = stores
  const [a, b] = [crypto.randomUUID(), crypto.randomUUID()]
  expect(await store.apply([state(a, 1, shareOf('tea', 5)), state(b, 1, shareOf('tea', 3))])).toEqual(
    new Map([
      [a, 0],
      [b, 0],
    ]),
  )
  expect(await totals()).toEqual([{ group: 'tea', count: 2, sum: 8, min: 3, max: 5 }])
  expect(await store.apply([state(a, 3, shareOf('cups', 7)), state(b, 1, shareOf('jars', 1))])).toEqual(
    new Map([[a, 1]]),
  )
  expect(await totals()).toEqual([
    { group: 'cups', count: 1, sum: 7, min: 7, max: 7 },
    { group: 'tea', count: 1, sum: 3, min: 3, max: 3 },
  ])
  await store.apply([state(b, 2)])
  expect(await store.apply([state(a, 2, shareOf('tea', 9)), state(b, 1, shareOf('tea', 3))])).toEqual(
    new Map(),
  )
  expect(await totals()).toEqual([{ group: 'cups', count: 1, sum: 7, min: 7, max: 7 }])
  expect(await store.versions([a, b, crypto.randomUUID()])).toEqual(
    new Map([
      [a, 3],
      [b, 2],
    ]),
  )
  for (let i = 0; i < 2; i++) await store.drop()
  expect(await totals()).toEqual([])
})

test('batches that arrive while another is written are one write, and each gets its own result', async () => {
  const { slots, totals } = openTotals()
  await using proxy = await delayedProxy(inject('mongoUrl'))
  await using client = new MongoClient(proxy.url)
  const store = totalsStore(client.db(slots.dbName), slots.collectionName)
  const ids = idsOfOneSlot(20)
  const results: Promise<unknown>[] = []
  for (const id of ids) {
    results.push(store.apply([state(id, 1, shareOf('tea', 2))]))
    await nextTurn()
  }
  // Until now, the first batch waits for a connection.
  await proxy.start()
  expect(await Promise.all(results)).toEqual(ids.map((id) => new Map([[id, 0]])))
  expect(await totals()).toEqual([{ group: 'tea', count: 20, sum: 40, min: 2, max: 2 }])
  expect((await slots.findOne())?.seq).toBe(2)
})

test('two replicas that apply overlapping, repeated and late batches at the same time end with exact totals', async () => {
  const { stores, totals } = openTotals()
  const groups = ['a', 'b', 'c', 'd']
  const ids = Array.from({ length: 60 }, () => crypto.randomUUID())
  const histories = ids.map((id) =>
    Array.from({ length: 8 }, (_, index) => {
      const share = shareOf(
        groups[Math.floor(Math.random() * groups.length)]!,
        Math.floor(Math.random() * 100),
      )
      return state(id, index + 1, index > 0 && Math.random() < 0.1 ? undefined : share)
    }),
  )
  const batch = (upTo: number) =>
    histories.flatMap((versions) =>
      Math.random() < 0.7 ? [versions[Math.floor(Math.random() * upTo)]!] : [],
    )
  const replica = async (store: (typeof stores)[number]) => {
    for (let upTo = 1; upTo <= 8; upTo++) {
      await Promise.all([store.apply(batch(upTo)), store.apply(batch(upTo))])
    }
    await store.apply(histories.map((versions) => versions.at(-1)!))
    await store.apply(batch(8))
  }
  await Promise.all(stores.map(replica))
  expect(await totals()).toEqual(foldOf(histories.map((versions) => versions.at(-1)!)))
})

test('a slot that another replica wrote after it was read, or inserted, is not written', async () => {
  const { slots } = openTotals()
  const [one, other] = [mongoSlots(slots), mongoSlots(slots)]
  const [first, second] = ['a', 'b'].map((group) => withEntry(emptySlot(7), group, [1, group, 1]))
  expect(await one.write([first!])).toEqual(new Set())
  expect(await other.write([second!])).toEqual(new Set([7]))
  const [read] = await one.read([7])
  expect(read).toEqual({ ...first, seq: 1 })
  expect(await other.write([withEntry(read!, 'c', [1, 'c', 1])])).toEqual(new Set())
  expect(await one.write([withEntry(read!, 'd', [1, 'd', 1])])).toEqual(new Set([7]))
  expect(Object.keys((await one.read([7]))[0]!.entries)).toEqual(['a', 'c'])
})

test('two replicas that read a slot at the same time and write it one after the other lose no contribution', async () => {
  const { slots, totals } = openTotals()
  const store = mongoSlots(slots)
  const [one, other] = Array.from({ length: 500 }, () => crypto.randomUUID()).flatMap((id, _, ids) => {
    const same = ids.find((each) => each !== id && slotOf(each) === slotOf(id))
    return same === undefined ? [] : [id, same]
  })
  const otherWrites = once(() => applyContributions(store, [state(other!, 1, shareOf('tea', 2))]))
  const interrupted: SlotStore = {
    read: store.read,
    write: async (written) => {
      await otherWrites()
      return store.write(written)
    },
  }
  expect(await applyContributions(interrupted, [state(one!, 1, shareOf('tea', 5))])).toEqual(
    new Map([[one, 0]]),
  )
  expect(await totals()).toEqual([{ group: 'tea', count: 2, sum: 7, min: 2, max: 5 }])
})

test('the totals say when their newest event occurred', async () => {
  const { stores } = openTotals()
  const finder = totalsFinder(clients.dbs[0], `totals${opened - 1}`, { timeoutMs: 10_000 })
  expect(await finder.totals(Infinity)).toEqual({ groups: [], asOf: undefined })
  const id = crypto.randomUUID()
  await stores[0].apply([state(id, 7, shareOf('tea', 1)), state(crypto.randomUUID(), 3)])
  expect((await finder.totals(Infinity)).asOf).toEqual(state(id, 7).at)
  expect(await finder.versions([id])).toEqual(new Map([[id, 7]]))
})

test('an audit lists all ids in their order, and finds and repairs wrong entries and wrong totals', async () => {
  const { stores, slots, totals } = openTotals()
  const [{ audited, apply }] = stores
  const ids = Array.from({ length: 700 }, () => crypto.randomUUID()).toSorted()
  await apply(ids.map((id) => state(id, 2, shareOf('tea', 1))))
  const listed: string[] = []
  for (let after: string | undefined; ;) {
    const page = await audited.list(after, 100)
    listed.push(...page.map(({ id }) => id))
    after = page.at(-1)?.id
    if (page.length < 100) break
  }
  expect(listed).toEqual(ids)
  expect(await audited.count()).toBe(700)

  const [id = ''] = ids
  const expected = state(id, 2, shareOf('tea', 1))
  const found = async () => (await audited.find([id, crypto.randomUUID()])).get(id)!
  expect((await found()).differences(expected)).toEqual([])
  expect((await found()).differences(state(id, 2, shareOf('cups', 4)))).toEqual(['group', 'value'])
  expect((await found()).differences(state(id, 2))).toEqual(['group', 'value'])
  expect((await found()).version).toBe(2)

  await slots.updateOne({ _id: slotOf(id) }, { $set: { totals: '[]' } })
  expect((await found()).differences(expected)).toEqual(['totals'])
  expect(await audited.replace(1, expected)).toBe(false)
  expect(await audited.replace(2, expected)).toBe(true)
  expect((await found()).differences(expected)).toEqual([])
  expect(await totals()).toEqual([{ group: 'tea', count: 700, sum: 700, min: 1, max: 1 }])

  expect(await audited.remove(id, 1)).toBe(false)
  expect(await audited.remove(id, 2)).toBe(true)
  expect(await totals()).toEqual([{ group: 'tea', count: 699, sum: 699, min: 1, max: 1 }])
  expect(await audited.advance(expected)).toBe(true)
  expect(await audited.advance(expected)).toBe(false)
  expect(await totals()).toEqual([{ group: 'tea', count: 700, sum: 700, min: 1, max: 1 }])
})
