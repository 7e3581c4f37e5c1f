import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { Item, TopList } from '../queries/definition.ts'
import type { SourceState } from '../read-model.ts'
import type { SuiteSubject } from './read-model-suite.ts'
import { maxLagMs, type Replica } from './replica.ts'
import { violationsOf, type WrittenVersion } from './top-list-checks.ts'

export function topListGuarantees({
  readModel,
  examples,
  replica,
  other,
  emptyReplicas,
}: SuiteSubject): void {
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
      'under concurrent writes it is the list of one moment, which is not older than the lag: %s by %s',
      async (name, by) => {
        const replicas = await emptyReplicas()
        const written: WrittenVersion[] = []
        const current = new Map<string, WrittenVersion>()
        const states = new Map<string, SourceState>()
        const write = async (ids: readonly string[], version: number, from: Replica) => {
          const versions = ids.map((id, index): WrittenVersion => {
            const key = 1_000 + ((version * 7 + index * 3) % 50)
            states.set(`${id}/${version}`, exampleOf(name, by)(id, version, key))
            return { id, version, key, from: performance.now(), to: Infinity }
          })
          written.push(...versions)
          await from.project(...versions.map(({ id }) => states.get(`${id}/${version}`)!))
          for (const each of versions) {
            const before = current.get(each.id)
            if (before) before.to = performance.now()
            current.set(each.id, each)
          }
        }
        const ids = replicas.map(() => Array.from({ length: 4 }, () => crypto.randomUUID() as string))
        for (const [index, own] of ids.entries()) await write(own, 1, replicas[index]!)

        const limit = 5
        const until = performance.now() + 3_000
        const answers: { startedAt: number; top: TopList<Item> }[] = []
        const work = replicas.flatMap((from, index) => [
          async () => {
            for (let version = 2; performance.now() < until; version++) {
              await write(ids[index]!, version, from)
              // Pauses that are longer and shorter than the lag.
              await sleep(version % 20 === 0 ? 2 * maxLagMs : 5)
            }
          },
          async () => {
            while (performance.now() < until + 2 * maxLagMs) {
              const startedAt = performance.now()
              answers.push({ startedAt, top: await topOf(from, name, by, limit) })
              await sleep(3)
            }
          },
        ])
        await Promise.all(work.map((each) => each()))

        for (const { top } of answers) {
          for (const item of top.items) {
            const state = states.get(`${item.id}/${item.version}`)
            if (!state || !isDeepStrictEqual(item, readModel.items.ofState(state))) {
              expect(item).toEqual(state && readModel.items.ofState(state))
            }
          }
        }
        // In these 3 s the clocks of Redis and of this process may diverge.
        const lag = { limit, maxLagMs: maxLagMs + 20 }
        const violations = answers.flatMap(({ startedAt, top: { items } }) =>
          violationsOf({ startedAt, items }, written, lag),
        )
        expect(violations).toEqual([])
        expect(answers.filter(({ top }) => top.document === 'cached').length).toBeGreaterThan(
          answers.length / 2,
        )
      },
      60_000,
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
