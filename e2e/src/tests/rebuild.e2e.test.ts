import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { faultsIn } from '../checkers/check-stack.ts'
import { lockstepOf } from '../clients/lockstep.ts'
import { eventually } from '../system/eventually.ts'
import { acknowledged, inTurn, startLoad, wholeLives } from '../clients/load.ts'
import { metric } from '../system/metric.ts'
import { answered, readable, startQueries } from '../clients/queries.ts'
import type { Stack } from '../system/stack.ts'
import { test } from '../system/stack-test.ts'

/** All products of the tests before, without a pause. */
const fast = ['--rate', '100000']

/** The generation that queries of the reader see. */
async function activeModel({ reader }: Stack): Promise<number> {
  return (await metric(reader, 'reader_active_model_generation')) ?? 0
}

test('a rebuild under load shows no query an older version, and mends what had drifted', async ({
  stack,
}) => {
  const { writers, reader, mongo } = stack
  const lockstep = lockstepOf(stack)
  const before = await activeModel(stack)
  const { id } = await writers[0].grpc.createProduct({ product: { name: 'Teapot', priceCents: 1 } })
  await readable(reader, id, 1)
  const collection = before === 0 ? 'products' : `products_g${before}`
  const documents = mongo.collection<{ _id: string; version: number; deleted: boolean }>(collection)
  const ghost = randomUUID()
  await documents.updateOne({ _id: id }, { $set: { priceCents: 77 } })
  await documents.insertOne({ _id: ghost, version: 1, deleted: true })

  await using load = startLoad({ clients: 8, perSecond: 80, next: wholeLives(), pick: inTurn(writers) })
  await acknowledged(load, 100)
  const ids = () => load.history.commands.map((command) => command.id ?? '')
  await using queries = startQueries({ ids, pick: () => reader })
  await answered(queries, 100)

  const rebuilt = await lockstep('rebuild', '--json')
  expect(rebuilt).toMatchObject({ code: 0, err: '' })
  expect(rebuilt.json).toMatchObject([{ phase: 'ready' }])
  await eventually(async () => expect(await activeModel(stack)).not.toBe(before), { withinMs: 60_000 })
  await answered(queries, 200)
  expect((await reader.grpc.getProduct({ id })).product).toMatchObject({ priceCents: 1 })
  expect(await lockstep('audit', ...fast)).toMatchObject({ code: 0 })

  // The old one went on, so nobody goes back in time with it either.
  expect(await lockstep('rebuild', '--switch-to', String(before))).toMatchObject({ code: 0 })
  await eventually(async () => expect(await activeModel(stack)).toBe(before), { withinMs: 60_000 })
  await answered(queries, 200)
  expect(await lockstep('rebuild')).toMatchObject({
    code: 1,
    err: expect.stringContaining('drop the old one'),
  })
  expect(await lockstep('rebuild', '--drop-old')).toMatchObject({ code: 0 })
  await answered(queries, 200)

  const { reads } = await queries.stop()
  expect(queries.failed()).toEqual([])
  const { commands } = await load.stop()
  // No client was shown an older version than before, and all that was acknowledged is in the model again.
  expect(await faultsIn(stack, { commands, reads }, { withinMs: 60_000 })).toEqual([])
  const left = (await mongo.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name)
  expect(left.filter((name) => name.startsWith('products_g'))).toEqual(before === 0 ? [] : [collection])
  // Other tests find the old one as it should be.
  await lockstep('audit', '--repair', '--age-limit', '0', ...fast)
})
