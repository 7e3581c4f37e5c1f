import fc from 'fast-check'
import { MongoClient, type Collection, type Document, type Filter } from 'mongodb'
import { expect, inject, test } from 'vitest'
import { freshMongo } from '@lockstep/testkit/fresh-names.ts'

type Thing = Document & { _id: string }

/** As the reader defines them, and one that starts with a field of ranges. */
const indexes: Record<string, 1 | -1>[] = [
  { deleted: 1, at: -1, _id: 1 },
  { kind: 1, deleted: 1, at: -1, _id: 1 },
  { words: 1, at: -1, _id: 1 },
  { deleted: 1, left: 1, _id: 1 },
  { left: -1, at: 1 },
]

const oneOf = <T>(...values: T[]) => fc.constantFrom(...values)
const ids = fc.nat(120).map((n) => `id-${n}`)
const words = oneOf('a', 'ab', 'abc', 'b', 'ba', 'b.c', '[x]', 'z')
const dates = fc.nat(5).map((n) => new Date(n * 1000))
const numbers = oneOf<unknown>(-1, 0, 1, 1.5, 2, 3_000_000_000, 0.1, null)
/** An index with such a value must not be used. */
const odd = oneOf<unknown>({ nested: 1 }, [1, 2], 5_000_000_000.5)

const thing = fc.record(
  {
    deleted: fc.oneof(
      { weight: 5, arbitrary: fc.constant(false) },
      { weight: 1, arbitrary: fc.constant(true) },
    ),
    kind: oneOf('x', 'y'),
    at: dates,
    left: numbers,
    words: fc.oneof(
      { weight: 6, arbitrary: fc.uniqueArray(words, { maxLength: 4 }) },
      { weight: 1, arbitrary: words },
    ),
  },
  { requiredKeys: ['deleted'] },
)

const prefix = words.map((word) => new RegExp(`^${word.replaceAll(/[.[\]]/g, String.raw`\$&`)}`))
const patterns = fc.oneof(prefix, oneOf(/^ab?/, /^a|z/, /b/, /^(?:a)/, /^A/i, /^a.*c/))
const range = (value: fc.Arbitrary<unknown>) =>
  fc
    .tuple(oneOf('$gt', '$gte', '$lt', '$lte', '$eq', '$ne'), value)
    .map(([name, operand]) => ({ [name]: operand }))
const condition: fc.Arbitrary<Filter<Thing>> = fc.oneof(
  patterns.map((pattern) => ({ words: pattern })),
  words.map((word) => ({ words: word })),
  range(words).map((operators) => ({ words: operators })),
  oneOf(true, false).map((deleted) => ({ deleted })),
  oneOf('x', 'y', 'none').map((kind) => ({ kind })),
  range(dates).map((at) => ({ at })),
  range(numbers).map((left) => ({ left })),
  fc.array(ids, { maxLength: 5 }).map(($in) => ({ _id: { $in } })),
  range(ids).map((_id) => ({ _id })),
  fc.tuple(dates, ids).map(([at, id]) => ({ $or: [{ at: { $lt: at } }, { _id: { $gt: id } }] })),
)
/** Equality on the first fields of an index and a range on the next one. */
const indexed = fc
  .tuple(
    fc.subarray([{ kind: 'x' }]),
    fc.oneof(
      range(dates).map((at) => ({ at })),
      range(numbers).map((left) => ({ left })),
    ),
  )
  .map(([kind, next]): Filter<Thing>[] => [{ deleted: false }, ...kind, next])
/** The rest of the items with the key at which a page ended. */
const sameKey = fc
  .tuple(dates, range(ids))
  .map(([at, _id]): Filter<Thing>[] => [{ deleted: false }, { at }, { _id }])
const conditions = fc.oneof(fc.array(condition, { maxLength: 4 }), indexed, sameKey)
const query = fc.record({
  filter: conditions.map((all): Filter<Thing> => (all.length > 0 ? { $and: all } : {})),
  sort: oneOf<Record<string, 1 | -1>>(
    {},
    { at: -1, _id: 1 },
    { left: 1, _id: 1 },
    { at: 1, _id: -1 },
    { left: -1, _id: -1 },
    { left: -1, at: 1 },
    { _id: 1 },
    { _id: -1 },
    { at: -1 },
    { kind: 1 },
  ),
  skip: oneOf(0, 0, 3),
  limit: oneOf(0, 1, 5, 30),
})

const change = fc.oneof(
  { weight: 5, arbitrary: fc.record({ replace: ids, by: thing }) },
  {
    weight: 2,
    arbitrary: fc.record({
      set: ids,
      to: oneOf<Document>({ left: 1 }, { words: ['ab', 'z'] }, { at: new Date(0) }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ remove: ids }) },
)

async function apply(things: Collection<Thing>, changes: readonly Change[]) {
  if (changes.length === 0) return
  await things.bulkWrite(
    changes.map((each) => {
      if ('replace' in each) {
        return { replaceOne: { filter: { _id: each.replace }, replacement: each.by, upsert: true } }
      }
      if ('set' in each) return { updateOne: { filter: { _id: each.set }, update: { $set: each.to } } }
      return { deleteOne: { filter: { _id: each.remove } } }
    }),
  )
}
type Change = { replace: string; by: Document } | { set: string; to: Document } | { remove: string }

/** Evaluates the same query without an index: one cannot be used for `$or`, and `$sort` follows in a pipeline. */
function withoutIndex(things: Collection<Thing>, { filter, sort, skip, limit }: Query) {
  const stages: Document[] = [{ $match: { $or: [filter] } }]
  if (Object.keys(sort).length > 0) stages.push({ $sort: sort })
  if (skip > 0) stages.push({ $skip: skip })
  if (limit > 0) stages.push({ $limit: limit })
  return things.aggregate(stages).toArray()
}
type Query = { filter: Filter<Thing>; sort: Record<string, 1 | -1>; skip: number; limit: number }

async function openThings() {
  const client = await new MongoClient(freshMongo(inject('mongoUrl'))).connect()
  const things = client.db().collection<Thing>('things')
  return {
    things,
    async [Symbol.asyncDispose]() {
      await client.db().dropDatabase()
      await client.close()
    },
  }
}

test('a query finds the same documents with and without an index, after any changes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { maxLength: 150, size: 'max' }),
      fc.array(change, { maxLength: 60 }),
      fc.option(odd, { nil: undefined, freq: 1 }),
      fc.array(query, { minLength: 40, maxLength: 40 }),
      async (before, after, left, queries) => {
        await using opened = await openThings()
        const { things } = opened
        await apply(things, before)
        for (const index of indexes) await things.createIndex(index)
        // At the same time as queries.
        await Promise.all([
          ...[0, 20, 40].map((from) => apply(things, after.slice(from, from + 20))),
          ...queries.map(({ filter, sort }) => things.find(filter, { sort }).toArray()),
        ])
        if (left !== undefined) await apply(things, [{ replace: 'id-0', by: { deleted: false, left } }])
        for (const each of queries) {
          const { filter, sort, skip, limit } = each
          const found = await things.find(filter, { sort, skip, limit }).toArray()
          expect(found, JSON.stringify(each)).toEqual(await withoutIndex(things, each))
        }
      },
    ),
    { numRuns: 12, interruptAfterTimeLimit: 60_000 },
  )
})
