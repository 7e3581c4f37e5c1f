import { randomUUID } from 'node:crypto'
import { Registry } from 'prom-client'
import { connectPostgres } from '@lockstep/core/postgres/pool.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { cuttingProxy } from '@lockstep/testkit/cutting-proxy.ts'
import { executeOn } from '../../../testing/product-commands.ts'
import { migratedDatabase } from '@lockstep/testkit/migrated-database.ts'
import { callWith, creation, pending, tea } from '../../../testing/products.ts'
import { postgresProductStore } from './product-store.ts'

const log = createLog({ service: 'test', level: 'silent' })
let url: string

beforeAll(async () => {
  url = await migratedDatabase(inject('postgresUrl'))
})

function connect(to = url) {
  const postgres = connectPostgres({
    url: to,
    poolSize: 10,
    applicationName: 'test',
    log,
    metrics: new Registry(),
  })
  return { ...postgres, store: postgresProductStore(postgres.pool) }
}

describe('the product store', () => {
  it('writes state, event and outbox entry together', async () => {
    await using db = connect()
    const first = creation()
    expect(await db.store.commit([first])).toEqual(['committed'])

    const { id } = first.next
    expect((await db.store.load([id])).get(id)).toEqual(first.next)
    const { rows } = await db.pool.query(
      `select e.version, e.event_id, e.type, count(o.position) as entries
       from product_events e left join outbox o using (product_id, version)
       where product_id = $1 group by 1, 2, 3`,
      [id],
    )
    expect(rows).toEqual([
      { version: 1, event_id: first.event.id, type: 'lockstep.product.v1.ProductCreated', entries: 1 },
    ])
  })

  it('a decision on an old version writes nothing, and the others of its batch are written', async () => {
    await using db = connect()
    const base = creation()
    await db.store.commit([base])
    const winner = pending(base.next, { type: 'update', id: base.next.id, changes: { name: 'first' } })
    const loser = pending(base.next, { type: 'delete', id: base.next.id })
    const other = creation()
    const again = { ...creation(), next: { ...creation().next, id: base.next.id } }

    expect(await db.store.commit([winner])).toEqual(['committed'])
    expect(await db.store.commit([loser, other])).toEqual(['conflict', 'committed'])
    expect(await db.store.commit([again])).toEqual(['conflict'])
    expect((await db.store.load([base.next.id])).get(base.next.id)).toEqual(winner.next)
    const { rows } = await db.pool.query(
      'select version from product_events where product_id = $1 order by 1',
      [base.next.id],
    )
    expect(rows).toEqual([{ version: 1 }, { version: 2 }])
  })

  it('of batches that create the same products at once, each product is written by one, and the others are written', async () => {
    await using db = connect()
    for (let round = 0; round < 10; round++) {
      const shared = [randomUUID(), randomUUID()]
      const batches = Array.from({ length: 4 }, (_, n) => {
        const ids = n % 2 ? shared : shared.toReversed()
        return [...ids.map((id) => creation(id)), creation()]
      })
      const results = await Promise.all(batches.map((batch) => db.store.commit(batch)))
      for (const id of shared) {
        const won = batches.filter((batch, n) =>
          batch.some(({ next }, i) => next.id === id && results[n]?.[i] === 'committed'),
        )
        expect(won).toHaveLength(1)
      }
      expect(results.map((result) => result[2])).toEqual(batches.map(() => 'committed'))
    }
  })

  it('what could not begin before its deadline writes nothing, and the others of its batch are written', async () => {
    await using db = connect()
    const late = { ...creation(), deadline: Date.now() }
    const timely = creation()
    expect(await db.store.commit([late, timely])).toEqual(['too_late', 'committed'])
    expect([...(await db.store.load([late.next.id, timely.next.id])).keys()]).toEqual([timely.next.id])
    expect(await db.store.commit([late])).toEqual(['too_late'])
  })

  it('the event store cannot be changed', async () => {
    await using db = connect()
    await db.store.commit([creation()])
    await expect(db.pool.query('delete from product_events')).rejects.toThrow('append-only')
    await expect(db.pool.query(`update product_events set type = ''`)).rejects.toThrow('append-only')
  })

  it('32 callers that change one product at once leave versions without a hole', async () => {
    await using db = connect()
    const execute = executeOn(db.pool)
    const id = randomUUID()
    await execute({ type: 'create', id, details: tea }, callWith())
    const results = await Promise.all(
      Array.from({ length: 32 }, (_, n) =>
        execute({ type: 'update', id, changes: { name: `name ${n}` } }, callWith()),
      ),
    )
    expect(results.map((result) => result.version).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 32 }, (_, n) => n + 2),
    )
  })
})

describe('a connection that is lost while it commits', () => {
  const commitThroughProxy = async (
    cut: 'answer' | 'request' | 'half-open',
    held?: () => Promise<unknown>,
  ) => {
    await using direct = connect()
    await using proxy = await cuttingProxy(new URL(url))
    await using db = connect(proxy.url)
    const first = creation()
    await direct.store.commit([first])
    const change = pending(first.next, { type: 'update', id: first.next.id, changes: { priceCents: 1 } })
    await db.store.load([first.next.id])

    const blocker = await direct.pool.connect()
    if (held) await blocker.query(`begin; lock table products in exclusive mode`)
    proxy.cutNext(cut)
    const outcome = await db.store.commit([change]).catch((error: unknown) => error)
    if (held) await blocker.query('rollback')
    blocker.release()
    const version = (await direct.store.load([first.next.id])).get(first.next.id)?.version
    return { outcome, version }
  }

  it('after the server committed: the command succeeded', async () => {
    expect(await commitThroughProxy('answer')).toEqual({ outcome: ['committed'], version: 2 })
  })

  it('before the server got the statement: nothing was done', async () => {
    expect(await commitThroughProxy('request')).toMatchObject({
      outcome: { code: 'unavailable' },
      version: 1,
    })
  })

  it('while the server still works on it: it is ended there, and nothing was done', async () => {
    expect(await commitThroughProxy('half-open', async () => {})).toMatchObject({
      outcome: { code: 'unavailable' },
      version: 1,
    })
  })

  it('and the database stays out of reach: the outcome is unknown, not a failure', async () => {
    await using direct = connect()
    const proxy = await cuttingProxy(new URL(url))
    await using db = connect(proxy.url)
    const first = creation()
    await db.store.load([first.next.id])
    proxy.cutNext('answer')
    const outcome = db.store.commit([first]).catch((error: unknown) => error)
    await expect.poll(async () => (await direct.store.load([first.next.id])).size).toBe(1)
    await proxy[Symbol.asyncDispose]()
    // The proxy may have gone after a look-up had already come through: then the truth is known.
    expect([{ code: 'outcome_unknown' }, ['committed']]).toContainEqual(
      Array.isArray(await outcome) ? await outcome : { code: ((await outcome) as { code: string }).code },
    )
  })
})
