import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { lockstepOf } from '../../clients/lockstep.ts'
import { eventually } from '../../system/eventually.ts'
import { roundRobin } from '../../clients/balancer.ts'
import { acknowledged, startLoad, wholeLives } from '../../clients/load.ts'
import { metric } from '../../system/metric.ts'
import { readable } from '../../clients/readable.ts'
import type { Stack } from '../../system/stack.ts'
import { test } from '../../system/stack-test.ts'

/** All products of earlier tests, without a pause. */
const fast = ['--rate', '100000']

type Document = { _id: string; version: number; deleted: boolean; priceCents?: number }

async function products({ writers, reader }: Stack, count: number): Promise<string[]> {
  const ids: string[] = []
  for (let priceCents = 0; priceCents < count; priceCents++) {
    const { id } = await writers[0].grpc.createProduct({ product: { name: 'Teapot', priceCents } })
    ids.push(id)
  }
  for (const id of ids) await readable(reader, id, 1)
  return ids
}

test('an audit finds drift, a repair removes it, and queries return the right states', async ({ stack }) => {
  const { reader, mongo } = stack
  const lockstep = lockstepOf(stack)
  const documents = mongo.collection<Document>('product')
  // Drift that other tests have left.
  await lockstep('audit', 'product', '--repair', '--age-limit', '0', ...fast)
  const [lost, changed, ahead, fine] = (await products(stack, 4)) as [string, string, string, string]
  const orphan = randomUUID()
  // In the cache before they drift.
  for (const id of [lost, changed, ahead, fine]) await reader.grpc.getProduct({ id })
  await documents.deleteOne({ _id: lost })
  await documents.updateOne({ _id: changed }, { $set: { priceCents: 77 } })
  await documents.updateOne({ _id: ahead }, { $set: { version: 9 } })
  await documents.insertOne({ _id: orphan, version: 1, deleted: true })

  const audit = await lockstep('audit', 'product', '--json', '--age-limit', '1000', ...fast)
  expect(audit.code).toBe(1)
  const ofModel = audit.json.filter(({ store }) => store === 'read_model')
  expect(ofModel).toHaveLength(4)
  expect(ofModel).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ id: lost, kind: 'missing' }),
      expect.objectContaining({ id: changed, kind: 'different', detail: 'priceCents' }),
      expect.objectContaining({ id: ahead, kind: 'ahead', expectedVersion: 1, actualVersion: 9 }),
      expect.objectContaining({ id: orphan, kind: 'orphan' }),
    ]),
  )
  const drift = (kind: string) =>
    metric(reader, 'reader_audit_drift_products', `read_model="product",store="read_model",kind="${kind}"`)
  expect(await drift('missing')).toBe(1)
  expect(await drift('behind')).toBe(0)

  const repair = await lockstep('audit', 'product', '--repair', '--age-limit', '1000', ...fast)
  expect(repair.code).toBe(1)
  expect(repair.out).toMatch(/repaired$/m)
  const again = await lockstep('audit', 'product', ...fast)
  expect(again).toMatchObject({ code: 0, out: expect.stringContaining('no mismatches') })
  expect(await drift('missing')).toBe(0)
  for (const [priceCents, id] of [lost, changed, ahead].entries()) {
    expect((await reader.grpc.getProduct({ id })).product).toMatchObject({ version: 1, priceCents })
  }
  expect(await documents.findOne({ _id: orphan })).toBeNull()
})

test('an audit finds nothing under load', async ({ stack }) => {
  const lockstep = lockstepOf(stack)
  await lockstep('audit', 'product', '--repair', '--age-limit', '0', ...fast)
  await using load = startLoad({
    clients: 8,
    perSecond: 100,
    next: wholeLives(),
    pick: roundRobin(stack.writers),
  })
  await acknowledged(load, 200)
  // A lower rate, so that it takes longer.
  const audit = await lockstep('audit', 'product', '--rate', '500')
  await acknowledged(load, 1)
  expect(audit.err).toBe('')
  expect(audit).toMatchObject({ code: 0 })
})

test('a reader with an audit interval audits by itself', async ({ stack }) => {
  await using reader = await stack.startReader({ READER_AUDIT_EVERY_MS: '500' })
  const completed = () => metric(reader, 'reader_audit_completed_timestamp_seconds')
  await eventually(async () => expect(await completed()).toBeGreaterThan(Date.now() / 1_000 - 60), {
    withinMs: 60_000,
  })
})

test('without the writer an audit fails and says why', async ({ stack }) => {
  const lockstep = lockstepOf(stack)
  await stack.writers[0].process.stop()
  const { code, err } = await lockstep('audit', 'product', ...fast)
  expect(code).toBe(1)
  expect(err).toContain('does not list its states')
})
