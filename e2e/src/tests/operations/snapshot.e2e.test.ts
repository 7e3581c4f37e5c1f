import { join } from 'node:path'
import { expect } from 'vitest'
import { lockstepOf } from '../../clients/lockstep.ts'
import { readable } from '../../clients/readable.ts'
import { testOnOwnStack as test } from '../../system/stack-test.ts'
import { changingProducts } from './changing-products.ts'
import { activeGeneration, expectAudited, operate } from './snapshot-operations.ts'

/* Snapshots of the running system, through the operators' tool. */

test('each kind of read model is saved and restored while products change, and agrees with the writer', async ({
  stack,
}) => {
  const forEach = (work: (readModel: string) => Promise<unknown>) =>
    Promise.all(['product', 'product-history', 'category-totals'].map(work))
  let versions: ReadonlyMap<string, number>
  {
    await using load = await changingProducts(stack)
    versions = load.versions
    await forEach(async (readModel) => {
      const file = join(stack.dir, `${readModel}.snapshot`)
      const saved = await operate(stack, 'snapshot', 'save', file, '--read-model', readModel, '--json')
      const documents = saved.json[0]?.documents
      const { json: verified } = await operate(stack, 'snapshot', 'verify', file, '--json')
      expect(verified).toMatchObject([{ content: 'read model', readModel, count: documents }])
      await operate(stack, 'snapshot', 'restore', file)
      expect(await activeGeneration(stack, readModel)).toMatchObject({ phase: 'ready', copied: documents })
    })
  }
  await forEach(async (readModel) => {
    await expectAudited(stack, readModel)
    await operate(stack, 'rebuild', readModel, '--drop-old')
  })
  await Promise.all([...versions].map(([id, version]) => readable(stack.reader, id, version)))
})

test('a snapshot with a state that the writer never had does not become active', async ({ stack }) => {
  const { id } = await stack.writers[0].grpc.createProduct({ product: { name: 'Teapot', priceCents: 1 } })
  await readable(stack.reader, id, 1)
  const { generation } = await activeGeneration(stack, 'product')
  const collection = generation === 0 ? 'product' : `product_g${generation}`
  const products = stack.mongo.collection<{ _id: string }>(collection)
  await products.updateOne({ _id: id }, { $set: { priceCents: 99 } })
  const file = join(stack.dir, 'wrong.snapshot')
  await operate(stack, 'snapshot', 'save', file)
  await products.updateOne({ _id: id }, { $set: { priceCents: 1 } })
  const { code, err } = await lockstepOf(stack)('snapshot', 'restore', file)
  expect(code).toBe(1)
  expect(err).toContain(`the first one: ${id} is different (priceCents)`)
  expect(await activeGeneration(stack, 'product')).toMatchObject({ generation })
})
