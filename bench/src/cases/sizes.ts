import { MongoClient } from 'mongodb'
import type { Bench, Case, CaseResult } from '../case.ts'
import { eachOnce } from '../load/h2load.ts'
import { httpLoad } from '../load/wrk.ts'
import { alternate, median, paired, rate } from '../measure/alternate.ts'
import { onDatabase, seedProducts } from '../reference/reference-database.ts'
import { onFreshDatabases, type FreshDatabases } from '../stack/fresh-databases.ts'
import { idFile } from '../stack/product-ids.ts'
import { CALLERS, createProducts, createTransactions } from './create.ts'
import { constantServer, readerUrl } from './get.ts'

const DEFAULT_SIZES = '10000,100000'
const BULK = 1_000
/** Products that are read; spread evenly over all of them. */
const READ = 5_000
const PER_MISS_ROUND = 1_000
const SEARCHERS = 16
/**
 * This case is the longest: each round is repeated for every size. At most READ / PER_MISS_ROUND - 2, so that no round
 * reads a product again.
 */
const MOST_ROUNDS = 2
/** Of more products, the stand-in for MongoDB answers some searches later than the aim. */
const LARGEST_OF_AIM = 100_000

/** Whether commands and queries stay as fast with more products. SIZES=10000,100000,1000000 chooses the sizes. */
export const sizes: Case = {
  name: 'sizes',
  title: 'Commands and queries by the number of products',
  async run(bench) {
    const result: CaseResult = { figures: [], sides: [] }
    const relative: Record<string, Record<string, number[]>> = {}
    const all = (process.env.SIZES ?? DEFAULT_SIZES).split(',').map(Number)
    for (const size of all) {
      const seed = (databases: FreshDatabases) => seedBoth(databases, size)
      const measured = await onFreshDatabases(bench, seed, ({ MONGO_URL }) => measure(bench, MONGO_URL, size))
      result.sides.push(...measured.sides)
      result.figures.push(...measured.figures)
      for (const [what, samples] of Object.entries(measured.ratios)) (relative[what] ??= {})[size] = samples
    }
    const [smallest = 0, ...larger] = all
    for (const [what, bySize] of Object.entries(relative)) {
      for (const size of larger) {
        const base = median(bySize[smallest]!)
        const samples = bySize[size]!.map((ratio) => ratio / base)
        const name = `${what}, ${number(size)} products / ${number(smallest)} products`
        result.figures.push({ what: name, unit: '×', samples, aim: { atLeast: 0.8 } })
      }
    }
    return result
  },
}

/** Each rate is divided by a reference of the same round that does not depend on the size. */
async function measure(bench: Bench, mongoUrl: string, size: number) {
  const { meter, seconds, pipeline } = bench
  const rounds = Math.min(MOST_ROUNDS, bench.rounds)
  const ids = await spreadIds(mongoUrl)
  const file = await idFile(bench, 'sizes', ids)
  const paths = ids.map((id) => `/api/v1/products/${id}`)
  await using constant = await constantServer(bench, readerUrl(bench) + paths[0]!)
  let next = 1
  const misses = () => {
    const from = (next++ * PER_MISS_ROUND) % (READ - PER_MISS_ROUND)
    return paths.slice(from, from + PER_MISS_ROUND)
  }
  const gets = (url: string) => () => httpLoad({ url, kind: 'get', ids: file, callers: CALLERS, seconds })
  const at = `${number(size)} products`
  // The misses come first: they fill the cache.
  const [missed, sameMissed] = await alternate(meter, rounds, [
    { name: `GET, not cached, ${at}`, measure: () => eachOnce(readerUrl(bench), misses(), 8) },
    {
      name: 'constant response from hono',
      measure: () => eachOnce(constant.url, paths.slice(0, PER_MISS_ROUND), 8),
    },
  ])
  const [created, inserts, cached, same] = await alternate(meter, rounds, [
    { name: `POST, ${at}`, measure: () => createProducts(bench, pipeline.projected) },
    { name: 'pgbench create-product.sql, 64 clients', measure: () => createTransactions(bench) },
    { name: `GET, cached, ${at}`, measure: gets(readerUrl(bench)) },
    { name: 'constant response from hono', measure: gets(constant.url) },
  ])
  const searches = await idFile(bench, 'searches', searchTexts(size))
  const search = () =>
    httpLoad({ url: readerUrl(bench), kind: 'search', ids: searches, callers: SEARCHERS, seconds })
  const [searched] = await alternate(meter, rounds, [{ name: `search, ${at}`, measure: search }])
  const waits = (of: 'p50Ms' | 'p99Ms') => ({
    unit: 'ms' as const,
    samples: searched!.samples.map((sample) => sample[of]!),
    ...(size <= LARGEST_OF_AIM && { aim: { atMost: 100 } }),
  })
  return {
    figures: [
      { what: `search, ${SEARCHERS} callers, ${at}, median`, ...waits('p50Ms') },
      { what: `search, ${SEARCHERS} callers, ${at}, 99th percentile`, ...waits('p99Ms') },
    ],
    ratios: {
      POST: paired(created!, inserts!, rate),
      'GET, cached': paired(cached!, same!, rate),
      'GET, not cached': paired(missed!, sameMissed!, rate),
    },
    sides: [
      { per: 'command', rounds: created! },
      { per: 'query', rounds: cached! },
      { per: 'query', rounds: missed! },
      { per: 'query', rounds: searched! },
    ],
  }
}

/** Words of one product and of all of them, and beginnings of words. */
function searchTexts(size: number): string[] {
  const rare = [1, 3, 5, 7, 9].map((tenth) => String(Math.floor((size * tenth) / 10)))
  return ['teapot', 'blue enamel', 'tea', '1', ...rare, ...rare.map((word) => `teapot ${word}`)].map(
    encodeURIComponent,
  )
}

/** Writes the products past the services, in the form that the reader's documents have. */
async function seedBoth({ POSTGRES_URL, MONGO_URL }: FreshDatabases, size: number): Promise<void> {
  await seedProducts(POSTGRES_URL, size)
  await onDatabase(POSTGRES_URL, async (client) => {
    await client.query('vacuum analyze')
    await using mongo = new MongoClient(MONGO_URL)
    const collection = mongo.db().collection<{ _id: string }>('product')
    let after = '00000000-0000-0000-0000-000000000000'
    for (;;) {
      const text = `select id, state -> 'details' as details, created_at from aggregates
        where type = 'product' and id > $1 order by id limit ${BULK}`
      const { rows } = await client.query<{ id: string; details: { name: string }; created_at: Date }>(text, [
        after,
      ])
      if (rows.length === 0) return
      after = rows.at(-1)!.id
      await collection.insertMany(
        rows.map(({ id: _id, details, created_at: createdAt }) => {
          const foldedName = details.name.toLowerCase()
          const words = foldedName.split(' ')
          return {
            _id,
            version: 1,
            ...details,
            createdAt,
            updatedAt: createdAt,
            foldedName,
            words,
            deleted: false,
          }
        }),
        { ordered: false },
      )
    }
  })
}

async function spreadIds(mongoUrl: string): Promise<string[]> {
  await using mongo = new MongoClient(mongoUrl)
  const all = await mongo
    .db()
    .collection<{ _id: string }>('product')
    .find({}, { projection: { _id: 1 } })
    .toArray()
  const ids = all.map(({ _id }) => _id).toSorted()
  return Array.from({ length: READ }, (_, index) => ids[Math.floor((index * ids.length) / READ)]!)
}

const number = (value: number) => value.toLocaleString('en')
