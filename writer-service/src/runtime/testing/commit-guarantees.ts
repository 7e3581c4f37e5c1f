import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SuiteContext } from './aggregate-suite.ts'
import { cuttingProxy, type Cut } from '@lockstep/testkit/cutting-proxy.ts'
import { connectWriter, pendingCommit } from './test-writer.ts'

/** What a commit guarantees, whatever else happens at the same time. */
export function commitGuarantees({ aggregate, examples, url, writer, stored, events }: SuiteContext): void {
  const creation = (id: string = randomUUID()) => pendingCommit(aggregate, { id }, [examples.create])
  const versions = async (id: string) => (await events(id)).map(({ version }) => version)
  const withoutDeleted = ({ next: { deleted: _, ...rest } }: ReturnType<typeof creation>) => rest

  describe('a commit', () => {
    it('writes state, event and outbox entry together', async () => {
      const first = creation()
      const { id } = first.next
      expect(await writer().store.commit([first])).toEqual(['committed'])
      expect(await stored(id)).toEqual(withoutDeleted(first))
      const { rows } = await writer().pool.query(
        `select e.version, e.event_id, e.event_type, count(o.position) as entries
         from events e left join outbox o using (type, id, version)
         where type = $1 and id = $2 group by 1, 2, 3`,
        [aggregate.type, id],
      )
      const [event] = first.events
      expect(rows).toEqual([
        { version: 1, event_id: event?.eventId, event_type: event?.eventType, entries: 1 },
      ])
    })

    it('on an old version writes nothing, and the others of its batch are written', async () => {
      const { store } = writer()
      const base = creation()
      await store.commit([base])
      const winner = pendingCommit(aggregate, base.next, [examples.change(1)])
      const loser = pendingCommit(aggregate, base.next, [examples.change(2), examples.change(3)])
      const other = creation()
      expect(await store.commit([winner])).toEqual(['committed'])
      expect(await store.commit([loser, other])).toEqual(['conflict', 'committed'])
      expect(await store.commit([creation(base.next.id)])).toEqual(['conflict'])
      expect(await stored(base.next.id)).toEqual(withoutDeleted(winner))
      expect(await versions(base.next.id)).toEqual([1, 2])
      expect(await versions(other.next.id)).toEqual([1])
    })

    it('of several commands on one aggregate writes all their events, in order', async () => {
      const id = randomUUID()
      const chain = pendingCommit(aggregate, { id }, [
        examples.create,
        examples.change(1),
        examples.change(2),
      ])
      const other = creation()
      expect(await writer().store.commit([chain, other])).toEqual(['committed', 'committed'])
      expect(await stored(id)).toEqual(withoutDeleted(chain))
      const sql = 'select version from outbox where type = $1 and id = $2 order by position'
      const { rows } = await writer().pool.query<{ version: number }>(sql, [aggregate.type, id])
      expect(rows.map(({ version }) => version)).toEqual(await versions(id))
      expect(rows.at(-1)?.version).toBe(chain.next.version)
    })

    it('of batches that create the same ids at once, each id is written by one, and the others are written', async () => {
      const { store } = writer()
      for (let round = 0; round < 10; round++) {
        const shared = [randomUUID(), randomUUID()]
        const batches = Array.from({ length: 4 }, (_, n) => {
          const ids = n % 2 ? shared : shared.toReversed()
          return [...ids.map((id) => creation(id)), creation()]
        })
        const results = await Promise.all(batches.map((batch) => store.commit(batch)))
        for (const id of shared) {
          const won = batches.filter((batch, n) =>
            batch.some(({ next }, i) => next.id === id && results[n]?.[i] === 'committed'),
          )
          expect(won).toHaveLength(1)
        }
        expect(results.map((result) => result[2])).toEqual(batches.map(() => 'committed'))
      }
    })

    it('whose idempotency key is taken writes nothing, and its batch must be repeated', async () => {
      const { store } = writer()
      const key = randomUUID()
      const withKey = () => pendingCommit(aggregate, { id: randomUUID() }, [examples.create], [key])
      const [first, second, other] = [withKey(), withKey(), creation()]
      expect(await store.commit([first])).toEqual(['committed'])
      expect(await store.commit([second, other])).toEqual(['conflict', 'conflict'])
      for (const { next } of [second, other]) {
        expect([await stored(next.id), await versions(next.id)]).toEqual([undefined, []])
      }
    })

    it('writes each chain of events of a batch completely or not at all, with its claims', async () => {
      const { store, pool } = writer()
      const takenKey = randomUUID()
      await store.commit([pendingCommit(aggregate, { id: randomUUID() }, [examples.create], [takenKey])])
      const chain = fc.record({
        existing: fc.boolean(),
        stale: fc.boolean(),
        length: fc.integer({ min: 1, max: 4 }),
        key: fc.constantFrom('none', 'free', 'taken'),
      })
      await fc.assert(
        fc.asyncProperty(fc.array(chain, { minLength: 1, maxLength: 5 }), async (chains) => {
          const prepared = []
          for (const { existing, stale, length, key } of chains) {
            const first = creation()
            const changes = Array.from({ length }, (_, n) => examples.change(n))
            if (existing || stale) await store.commit([first])
            const base = existing ? first.next : { id: first.next.id }
            const commands = existing ? changes : [examples.create, ...changes]
            // The last command of the chain may have the key that is taken; the first has one of its own.
            const keys = commands.map(() => randomUUID())
            if (key === 'taken') keys[keys.length - 1] = takenKey
            const commit = pendingCommit(aggregate, base, commands, key === 'none' ? [] : keys)
            if (existing && stale) {
              await store.commit([pendingCommit(aggregate, first.next, [examples.change(9)])])
            }
            const before = existing && stale ? 2 : existing || stale ? 1 : 0
            prepared.push({ commit, before, current: !stale, free: key !== 'taken' })
          }
          const results = await store.commit(prepared.map(({ commit }) => commit))
          // A key that is taken concerns only a commit that would be written.
          const keysFree = prepared.every(({ current, free }) => free || !current)
          const written = prepared.map(({ current }) => current && keysFree)
          expect(results).toEqual(written.map((each) => (each ? 'committed' : 'conflict')))
          for (const [index, { commit, before }] of prepared.entries()) {
            const possible = written[index]!
            const { id, version } = commit.next
            const expected = Array.from({ length: possible ? version : before }, (_, n) => n + 1)
            expect(await versions(id)).toEqual(expected)
            expect((await stored(id))?.version).toBe(expected.at(-1))
            const sql = 'select version from outbox where type = $1 and id = $2 order by position'
            const { rows } = await pool.query<{ version: number }>(sql, [aggregate.type, id])
            expect(rows.map((row) => row.version)).toEqual(expected)
            const free = commit.claims.map(({ key }) => key).filter((key) => key !== takenKey)
            const { rowCount } = await pool.query(
              'select from command_results where idempotency_key = any ($1)',
              [free],
            )
            expect(rowCount).toBe(possible ? free.length : 0)
          }
        }),
        { numRuns: 25 },
      )
    })

    it('that could not begin before its deadline writes nothing, and the others of its batch are written', async () => {
      const { store } = writer()
      const late = { ...creation(), deadline: Date.now() }
      const timely = creation()
      expect(await store.commit([late, timely])).toEqual(['too_late', 'committed'])
      expect([await stored(late.next.id), (await stored(timely.next.id))?.version]).toEqual([undefined, 1])
      expect(await store.commit([late])).toEqual(['too_late'])
    })
  })

  describe('a connection that is lost during a commit', () => {
    const commitThroughProxy = async (cut: Cut, options: { blocked: boolean }) => {
      const { store, pool } = writer()
      await using proxy = await cuttingProxy(new URL(url()))
      await using cutOff = connectWriter(proxy.url)
      const first = creation()
      const { id } = first.next
      await store.commit([first])
      const change = pendingCommit(aggregate, first.next, [examples.change(1), examples.change(2)])
      await cutOff.store.load([{ type: aggregate.type, id }])

      const blocker = await pool.connect()
      if (options.blocked) await blocker.query(`begin; lock table aggregates in exclusive mode`)
      proxy.cutNext(cut)
      const outcome = await cutOff.store.commit([change]).catch((error: unknown) => error)
      if (options.blocked) await blocker.query('rollback')
      blocker.release()
      return { outcome, versions: await versions(id) }
    }

    it('after the server committed: the command succeeded', async () => {
      const result = await commitThroughProxy('response', { blocked: false })
      expect(result).toEqual({ outcome: ['committed'], versions: [1, 2, 3] })
    })

    it('before the server received the statement: nothing was done', async () => {
      const result = await commitThroughProxy('request', { blocked: false })
      expect(result).toMatchObject({ outcome: { code: 'unavailable' }, versions: [1] })
    })

    it('while the server still works on it: its process is ended, and nothing was done', async () => {
      const result = await commitThroughProxy('half-open', { blocked: true })
      expect(result).toMatchObject({ outcome: { code: 'unavailable' }, versions: [1] })
    })

    it('and the database stays unreachable: the outcome is unknown, not a failure', async () => {
      const proxy = await cuttingProxy(new URL(url()))
      await using cutOff = connectWriter(proxy.url)
      const first = creation()
      await cutOff.store.load([{ type: aggregate.type, id: first.next.id }])
      proxy.cutNext('response')
      const outcome = cutOff.store.commit([first]).catch((error: unknown) => error)
      await expect.poll(async () => (await stored(first.next.id))?.version).toBe(1)
      await proxy[Symbol.asyncDispose]()
      // A look-up may have succeeded before the proxy was closed: then the outcome is known.
      const result = await outcome
      expect([{ code: 'outcome_unknown' }, ['committed']]).toContainEqual(
        Array.isArray(result) ? result : { code: (result as { code: string }).code },
      )
    })
  })
}
