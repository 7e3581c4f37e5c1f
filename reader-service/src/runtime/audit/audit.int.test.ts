import { randomUUID } from 'node:crypto'
import { openMongo } from '@lockstep/core/mongo/client.ts'
import { freshMongo } from '@lockstep/local-infra/fresh-names.ts'
import { expect, inject, test } from 'vitest'
import type { ProductState } from '../../product/domain/product.ts'
import { productCollection, toDocument } from '../../product/outbound/mongo/product-document.ts'
import { entryBody } from '../../product/outbound/redis/cache-entry.ts'
import { entryKey } from '../../product/outbound/redis/product-cache.ts'
import { productAt, tombstoneAt } from '../../testing/products.ts'
import { anyGeneration, connectedRedis, openGeneration } from '../../testing/redis.ts'
import { auditOf, type AuditOptions, type Finding } from './audit.ts'
import type { WriterState, WriterStates } from '../rebuild/writer-states.ts'
import { mongoAuditedModel } from './mongo-audited-store.ts'
import { redisAuditedCache } from './redis-audited-cache.ts'

const old = 60_000

/** Real stores; of the writer only its answers: its own tests have its database. */
async function playground({ pageSize = 500 } = {}) {
  await using scope = new AsyncDisposableStack()
  const mongo = scope.use(openMongo({ url: freshMongo(inject('mongoUrl')), appName: 'test' }))
  const connection = scope.use(await connectedRedis(inject('redisUrl')))
  const products = productCollection(mongo.db)
  const number = anyGeneration()
  const generation = { ...openGeneration(number) }
  const truths = new Map<string, WriterState>()
  const asked = { find: async () => {} }
  const writer: WriterStates = {
    async list({ after, upTo, limit }) {
      const inRange = (id: string) => id > (after ?? '') && (upTo === undefined || id <= upTo)
      const ids = [...truths.keys()].filter(inRange).toSorted()
      return ids.slice(0, limit).map((id) => truths.get(id)!)
    },
    async find(ids) {
      await asked.find()
      return new Map(ids.flatMap((id) => (truths.has(id) ? [[id, truths.get(id)!] as const] : [])))
    },
  }
  const cache = redisAuditedCache({ connection, generation })
  const audit = auditOf({ model: mongoAuditedModel(products), cache, writer, pageSize })
  const kept = scope.move()
  return {
    generation,
    asked,
    /** What the writer has, for so long. */
    written(state: ProductState, { ageMs = old, faults = [] as string[] } = {}) {
      truths.set(state.id, { state, ageMs, faults })
    },
    async projected(...states: ProductState[]) {
      const operations = states.map((state) => {
        const { _id, ...replacement } = toDocument(state)
        return { replaceOne: { filter: { _id }, replacement, upsert: true } }
      })
      await products.bulkWrite(operations)
    },
    async cached(state: ProductState) {
      const key = entryKey(connection, number, state.id)!
      await connection.redis.hset(key, 'version', state.version, 'body', entryBody(state))
    },
    entry: (id: string) => connection.redis.hgetall(entryKey(connection, number, id)!),
    document: (id: string) => products.findOne({ _id: id }),
    async audit(options: Partial<AuditOptions> = {}) {
      const findings: Finding[] = []
      const end = await audit(
        { repair: false, productsPerSecond: 100_000, ageLimitMs: 1_000, ...options },
        { onFinding: async (finding) => void findings.push(finding), onProgress: async () => {} },
      )
      return { ...end, findings: findings.map(({ id: _, ...finding }) => finding) }
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** One product of each kind of drift, its id by the kind, among others that are as they should be. */
async function withEveryDrift(place: Awaited<ReturnType<typeof playground>>) {
  const ids = Object.fromEntries(
    ['fine', 'deleted', 'missing', 'behind', 'ahead', 'different', 'words', 'ghost', 'resurrected'].map(
      (name) => [name, randomUUID()],
    ),
  ) as Record<string, string>
  const at = (name: string, version: number, more = {}) => productAt(ids[name]!, version, more)
  for (const name of ['fine', 'missing', 'behind', 'ahead', 'different', 'words']) place.written(at(name, 3))
  for (const name of ['deleted', 'resurrected']) place.written(tombstoneAt(ids[name]!, 3))
  await place.projected(
    at('fine', 3),
    tombstoneAt(ids['deleted']!, 3),
    at('behind', 2),
    at('ahead', 4),
    at('different', 3, { priceCents: 1 }),
    at('ghost', 1),
    at('resurrected', 3),
    at('words', 3, { name: 'Another' }),
  )
  return ids
}

test('every kind of drift of the model is found, and nothing else', async () => {
  await using place = await playground()
  await withEveryDrift(place)
  const { findings, compared } = await place.audit()
  expect(compared).toBe(9)
  const model = { place: 'model', repaired: false }
  expect(findings).toHaveLength(7)
  expect(findings).toEqual(
    expect.arrayContaining([
      { ...model, kind: 'missing', writerVersion: 3, heldVersion: 0, detail: '' },
      { ...model, kind: 'behind', writerVersion: 3, heldVersion: 2, detail: '' },
      { ...model, kind: 'ahead', writerVersion: 3, heldVersion: 4, detail: '' },
      { ...model, kind: 'different', writerVersion: 3, heldVersion: 3, detail: 'priceCents' },
      { ...model, kind: 'different', writerVersion: 3, heldVersion: 3, detail: 'name, words' },
      { ...model, kind: 'ghost', writerVersion: 0, heldVersion: 1, detail: '' },
      expect.objectContaining({ kind: 'different', detail: expect.stringContaining('deleted') }),
    ]),
  )
})

test('a repair leaves what the writer has, and no entry in the cache; the next audit finds nothing', async () => {
  await using place = await playground()
  const ids = await withEveryDrift(place)
  for (const name of ['behind', 'ahead', 'different']) await place.cached(productAt(ids[name]!, 3))
  const { findings } = await place.audit({ repair: true })
  expect(findings.map(({ repaired }) => repaired)).toEqual(Array.from({ length: 7 }, () => true))
  for (const name of ['missing', 'behind', 'ahead', 'different']) {
    expect(await place.document(ids[name]!), name).toEqual(toDocument(productAt(ids[name]!, 3)))
    expect(await place.entry(ids[name]!)).toEqual({})
  }
  expect(await place.document(ids['ghost']!)).toBeNull()
  expect(await place.document(ids['resurrected']!)).toMatchObject({ deleted: true, version: 3 })
  expect((await place.audit()).findings).toEqual([])
})

test('the cache is compared too, and what is wrong in it is dropped', async () => {
  await using place = await playground()
  const [fine, behind, ahead] = [randomUUID(), randomUUID(), randomUUID()]
  const [different, ghost] = [randomUUID(), randomUUID()]
  for (const id of [fine, behind, ahead, different]) {
    place.written(productAt(id, 2))
    await place.projected(productAt(id, 2))
  }
  await place.projected(productAt(ghost, 2))
  await place.cached(productAt(fine, 2))
  await place.cached(productAt(behind, 1))
  await place.cached(productAt(ahead, 3))
  await place.cached(productAt(different, 2, { name: 'Another' }))
  await place.cached(productAt(ghost, 2))
  const { findings } = await place.audit({ repair: true })
  const inCache = findings.filter((finding) => finding.place === 'cache')
  expect(inCache.map(({ kind, detail }) => `${kind} ${detail}`.trim()).toSorted()).toEqual([
    'ahead',
    'behind',
    'different name',
    'ghost',
  ])
  for (const id of [behind, ahead, different, ghost]) expect(await place.entry(id)).toEqual({})
  expect(await place.entry(fine)).not.toEqual({})
})

test('an old entry of a product that the model has lost is found', async () => {
  await using place = await playground()
  const id = randomUUID()
  place.written(productAt(id, 2))
  await place.cached(productAt(id, 1))
  const { findings } = await place.audit()
  expect(findings.map((finding) => `${finding.place} ${finding.kind}`).toSorted()).toEqual([
    'cache behind',
    'model missing',
  ])
})

test('what is on its way is no drift: it is looked at again until it is too old', async () => {
  await using place = await playground()
  const [created, changed, stuck] = [randomUUID(), randomUUID(), randomUUID()]
  place.written(productAt(created, 1), { ageMs: 0 })
  place.written(productAt(changed, 2), { ageMs: 0 })
  place.written(productAt(stuck, 2), { ageMs: 0 })
  await place.projected(productAt(changed, 1), productAt(stuck, 1))
  place.asked.find = () => place.projected(productAt(created, 1), productAt(changed, 2))
  const begun = performance.now()
  const { findings } = await place.audit({ ageLimitMs: 3_000 })
  expect(performance.now() - begun).toBeGreaterThan(2_900)
  expect(findings).toMatchObject([{ kind: 'behind', writerVersion: 2, heldVersion: 1 }])
})

test('a product that changes all the time has not drifted as long as it comes to where it was seen', async () => {
  await using place = await playground()
  const id = randomUUID()
  let version = 10
  place.written(productAt(id, version), { ageMs: 0 })
  await place.projected(productAt(id, version - 1))
  place.asked.find = () => {
    place.written(productAt(id, ++version), { ageMs: 0 })
    return place.projected(productAt(id, version - 1))
  }
  expect((await place.audit({ ageLimitMs: 3_000 })).findings).toEqual([])
})

test('what is no longer as it was seen is not repaired', async () => {
  await using place = await playground()
  const id = randomUUID()
  place.written(productAt(id, 2))
  await place.projected(productAt(id, 2, { name: 'Another' }))
  // Between the last look at the model and the repair.
  place.asked.find = () => place.projected(productAt(id, 3))
  const { findings } = await place.audit({ repair: true })
  const document = await place.document(id)
  expect(document).toMatchObject({ version: 3 })
  expect(findings).toMatchObject([{ kind: 'different', repaired: false }])
})

test('while the cache is closed the model is compared alone, and that is said', async () => {
  await using place = await playground()
  const id = randomUUID()
  place.written(productAt(id, 2))
  await place.projected(productAt(id, 2))
  await place.cached(productAt(id, 1))
  place.generation.refresh = async () => ({ number: 1, open: false })
  expect(await place.audit()).toMatchObject({ compared: 1, cacheCompared: false, findings: [] })
})

test("what the writer's state lacks of its own last event is told", async () => {
  await using place = await playground()
  const id = randomUUID()
  place.written(productAt(id, 2), { faults: ['name', 'price_cents'] })
  await place.projected(productAt(id, 2))
  expect((await place.audit()).findings).toMatchObject([
    { place: 'writer', kind: 'own_event', detail: 'name, price_cents' },
  ])
})

test('pages of the model and of the writer that end at different products miss none and repeat none', async () => {
  await using place = await playground({ pageSize: 7 })
  const ids = Array.from({ length: 60 }, () => randomUUID()).toSorted()
  const states = ids.map((id) => productAt(id, 1))
  // Stretches that only one of them has, longer than a page.
  for (const state of states.slice(0, 40)) place.written(state)
  await place.projected(...states.slice(20))
  const { findings, compared } = await place.audit()
  expect(compared).toBe(60)
  const kinds = findings.map(({ kind }) => kind)
  expect(kinds.filter((kind) => kind === 'missing')).toHaveLength(20)
  expect(kinds.filter((kind) => kind === 'ghost')).toHaveLength(20)
  expect(findings).toHaveLength(40)
})
