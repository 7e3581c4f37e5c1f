import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Item, TopList } from '../queries/definition.ts'
import type { SourceState } from '../read-model.ts'
import type { SuiteSubject } from './read-model-suite.ts'
import { maxLagMs, type Replica } from './replica.ts'

export function topListGuarantees({ readModel, examples, replica, other }: SuiteSubject): void {
  const { lists } = readModel.queries
  const all = Object.entries(lists).flatMap(([name, { top }]) =>
    Object.keys(top?.by ?? {}).map((by) => [name, by] as const),
  )
  const exampleOf = (name: string, by: string) => examples.top![name]![by]!
  const topOf = (from: Replica, name: string, by: string, limit: number): Promise<TopList<Item>> =>
    from.queries.tops[name]!({ by, limit }, {})
  let lastLimit = 0
  /** Each test has its own documents. */
  const ownLimit = () => (lastLimit += 1)

  describe.runIf(all.length > 0)('top lists', () => {
    test.each(all)('a document is made once, also by two replicas: %s by %s', async (name, by) => {
      const [here, there] = [replica(), other()]
      const key = 1_000 + lastLimit
      await here.project(exampleOf(name, by)(crypto.randomUUID(), 1, key))
      for (let round = 0; round < 5; round++) {
        const limit = 20 + ownLimit()
        const found = await Promise.all(
          [here, there, here, there].map((each) => topOf(each, name, by, limit)),
        )
        expect(found.filter(({ document }) => document === 'made')).toHaveLength(1)
        for (const { items, madeAt } of found) {
          expect({ items, madeAt }).toEqual({ items: found[0]!.items, madeAt: found[0]!.madeAt })
        }
      }
    })

    test.each(all)('it is kept while nothing changes, and states its age: %s by %s', async (name, by) => {
      const limit = 20 + ownLimit()
      const made = await topOf(replica(), name, by, limit)
      await sleep(maxLagMs + 50)
      const kept = await topOf(other(), name, by, limit)
      expect(kept).toMatchObject({ items: made.items, madeAt: made.madeAt, document: 'cached' })
      expect(kept.ageMs).toBeGreaterThan(maxLagMs)
      expect(kept.ageMs).toBeLessThan(10_000)
    })

    test.each(all)(
      'under concurrent writes it has every change that is older than the lag, and only states that were written: %s by %s',
      async (name, by) => {
        const limit = 20 + ownLimit()
        const stateOf = exampleOf(name, by)
        // Above the keys of all other tests, so that these are the highest.
        const base = 10_000_000 + limit * 100_000
        const ids = Array.from({ length: 8 }, () => crypto.randomUUID() as string)
        const written = new Map<string, { state: SourceState; key: number }>()
        /** By id: when the version was projected. */
        const projected: { id: string; version: number; at: number }[] = []
        const until = performance.now() + 3_000
        const writer = async (own: readonly string[], from: Replica) => {
          for (let version = 1; performance.now() < until; version++) {
            const states = own.map((id, index) => {
              const key = base + ((version * 7 + index * 3) % 50)
              const state = stateOf(id, version, key)
              written.set(`${id}/${version}`, { state, key })
              return state
            })
            await from.project(...states)
            const at = performance.now()
            for (const id of own) projected.push({ id, version, at })
            // Pauses that are longer and shorter than the lag.
            await sleep(version % 4 === 0 ? 2 * maxLagMs : 5)
          }
        }
        const answers: { startedAt: number; top: TopList<Item> }[] = []
        const reader = async (from: Replica) => {
          while (performance.now() < until + 2 * maxLagMs) {
            const startedAt = performance.now()
            answers.push({ startedAt, top: await topOf(from, name, by, limit) })
            await sleep(3)
          }
        }
        await Promise.all([
          writer(ids.slice(0, 4), replica()),
          writer(ids.slice(4), other()),
          reader(replica()),
          reader(other()),
        ])

        // Time that the clocks of Redis and of this process may differ in a second.
        const tolerance = 20
        for (const { startedAt, top } of answers) {
          const keys: number[] = []
          for (const item of top.items) {
            const own = written.get(`${item.id}/${item.version}`)
            if (!own) continue
            expect(item).toEqual(readModel.items.ofState(own.state))
            keys.push(own.key)
          }
          expect(new Set(top.items.map(({ id }) => id)).size).toBe(top.items.length)
          expect(keys).toEqual(keys.toSorted((a, b) => b - a))
          const versions = new Map(top.items.map(({ id, version }) => [id, version]))
          for (const { id, version, at } of projected) {
            if (at > startedAt - maxLagMs - tolerance) continue
            expect(versions.get(id) ?? 0).toBeGreaterThanOrEqual(version)
          }
        }
        expect(answers.filter(({ top }) => top.document === 'cached').length).toBeGreaterThan(
          answers.length / 2,
        )
      },
      30_000,
    )

    test.each(all)(
      'a document that was read before a change does not outlive the lag: %s by %s',
      async (name, by) => {
        const { documentCache, project } = replica()
        const document = `test:${name}:${by}`
        const read = await documentCache.read(document)
        if (read.kind !== 'lease') throw new Error(`there is no lease: ${read.kind}`)
        await project(exampleOf(name, by)(crypto.randomUUID(), 1, 1))
        await documentCache.fill(read.lease, '"old"')
        expect((await documentCache.read(document)).kind).toBe('hit')
        await sleep(maxLagMs + 20)
        expect((await documentCache.read(document)).kind).toBe('lease')
        expect((await documentCache.read(document)).kind).toBe('leased')
      },
    )

    test.each(all)(
      'a repair, and the loss of the change marker, end documents as a change does: %s by %s',
      async (name, by) => {
        const { documentCache, auditedCache, keyOf, redis } = replica()
        const id = crypto.randomUUID()
        for (const [index, change] of [
          () => auditedCache.remove(id),
          () => redis.del(keyOf('changes')),
        ].entries()) {
          const document = `test:${name}:${by}:${index}`
          const read = await documentCache.read(document)
          if (read.kind !== 'lease') throw new Error(`there is no lease: ${read.kind}`)
          await documentCache.fill(read.lease, '"old"')
          await change()
          await sleep(maxLagMs + 20)
          expect((await documentCache.read(document)).kind).toBe('lease')
        }
      },
    )

    test('a fill without its lease stores nothing', async () => {
      const { documentCache, redis, keyOf } = replica()
      const read = await documentCache.read('test:lease')
      if (read.kind !== 'lease') throw new Error(`there is no lease: ${read.kind}`)
      await redis.del(keyOf('test:lease'))
      await documentCache.fill(read.lease, '"old"')
      expect((await documentCache.read('test:lease')).kind).toBe('lease')
    })
  })
}
