import { randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { lockstepOf, startLockstep } from '../../clients/lockstep.ts'
import { eventually } from '../../system/eventually.ts'
import { readable } from '../../clients/readable.ts'
import type { Stack } from '../../system/stack.ts'
import { test } from '../../system/stack-test.ts'

/* Snapshots of the running system, through the operators' tool, while products change. */

const PRODUCTS = 15
const CHANGE_EVERY_MS = 300

/** Changes products until it is disposed of; `versions` has those that were acknowledged. */
async function changing({ writers }: Stack) {
  const stop = new AbortController()
  const versions = new Map<string, number>()
  const one = async (index: number) => {
    const { http } = writers[index % 2]!
    const id = randomUUID()
    const send = async (method: string, path: string, json: object) => {
      const { json: body } = await http.send(method, path, { json, timeoutMs: 60_000 })
      versions.set(id, (body as { version: number }).version)
    }
    const category = `snapshot-${index % 3}`
    await send('POST', '/api/v1/products', { id, name: 'Teapot', category, priceCents: index })
    for (let round = 1; !stop.signal.aborted; round++) {
      await send('PATCH', `/api/v1/products/${id}`, { priceCents: 100 * round + index })
      await sleep(CHANGE_EVERY_MS)
    }
  }
  const all = Promise.all(Array.from({ length: PRODUCTS }, (_, index) => one(index)))
  await eventually(() => expect(versions.size).toBe(PRODUCTS), { withinMs: 60_000 })
  return {
    versions,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await all
    },
  }
}

async function expectAudited(stack: Stack, readModel: string): Promise<void> {
  const { code, out, err } = await lockstepOf(stack)('audit', readModel, '--rate', '100000')
  expect({ code, out, err }).toMatchObject({ code: 0 })
}

async function activeOf(stack: Stack, readModel: string): Promise<Record<string, unknown>> {
  const { json } = await lockstepOf(stack)('rebuild', readModel, '--status', '--json')
  return json.find(({ active }) => active === true)!
}

async function restored(stack: Stack, file: string): Promise<void> {
  const result = await lockstepOf(stack)('snapshot', 'restore', file)
  expect(result, result.err).toMatchObject({ code: 0 })
}

async function dropOld(stack: Stack, readModel: string): Promise<void> {
  const result = await lockstepOf(stack)('rebuild', readModel, '--drop-old')
  expect(result, result.err).toMatchObject({ code: 0 })
}

test('each kind of read model is saved and restored while products change, and agrees with the writer', async ({
  stack,
}) => {
  const lockstep = lockstepOf(stack)
  let versions: ReadonlyMap<string, number>
  {
    await using load = await changing(stack)
    versions = load.versions
    for (const readModel of ['product', 'product-history', 'category-totals']) {
      const file = join(stack.dir, `${readModel}.snapshot`)
      const saved = await lockstep('snapshot', 'save', file, '--read-model', readModel, '--json')
      expect(saved, saved.err).toMatchObject({ code: 0, json: [{ readModel }] })
      const { json: verified } = await lockstep('snapshot', 'verify', file, '--json')
      expect(verified).toMatchObject([{ content: 'read model', readModel, count: saved.json[0]?.documents }])
      await restored(stack, file)
      expect(await activeOf(stack, readModel)).toMatchObject({
        phase: 'ready',
        copied: saved.json[0]?.documents,
      })
    }
  }
  for (const readModel of ['product', 'product-history', 'category-totals']) {
    await expectAudited(stack, readModel)
    await dropOld(stack, readModel)
  }
  await Promise.all([...versions].map(([id, version]) => readable(stack.reader, id, version)))
})

test('a snapshot with a state that the writer never had does not become active', async ({ stack }) => {
  const { id } = await stack.writers[0].grpc.createProduct({ product: { name: 'Teapot', priceCents: 1 } })
  await readable(stack.reader, id, 1)
  const before = await activeOf(stack, 'product')
  const { generation } = before as { generation: number }
  const collection = generation === 0 ? 'product' : `product_g${generation}`
  const products = stack.mongo.collection<{ _id: string }>(collection)
  await products.updateOne({ _id: id }, { $set: { priceCents: 99 } })
  const file = join(stack.dir, 'wrong.snapshot')
  expect(await lockstepOf(stack)('snapshot', 'save', file)).toMatchObject({ code: 0 })
  await products.updateOne({ _id: id }, { $set: { priceCents: 1 } })
  const { code, err } = await lockstepOf(stack)('snapshot', 'restore', file)
  expect(code).toBe(1)
  expect(err).toContain(`the first one: ${id} is different (priceCents)`)
  expect(await activeOf(stack, 'product')).toMatchObject({ generation })
})

test('a kill of the reader or of the tool at a random moment leaves nothing incomplete, and a repeat works', async ({
  stack,
}) => {
  await using load = await changing(stack)
  const { reader } = stack
  const start = startLockstep(stack)
  const file = join(stack.dir, 'killed.snapshot')
  // The tool needs some hundred milliseconds to start.
  const atRandom = () => sleep(300 + Math.random() * 1_500)
  const restart = async () => {
    await reader.process.kill()
    await reader.process.start()
  }
  for (const victim of ['tool', 'reader', 'tool']) {
    const saving = start('snapshot', 'save', file)
    await atRandom()
    if (victim === 'tool') saving.kill()
    else await restart()
    const { code } = await saving.ended
    const found = (await readdir(stack.dir)).includes('killed.snapshot')
    if (code === 0) expect(found).toBe(true)
    if (found) expect(await lockstepOf(stack)('snapshot', 'verify', file)).toMatchObject({ code: 0 })
  }
  await eventually(
    async () => expect(await lockstepOf(stack)('snapshot', 'save', file)).toMatchObject({ code: 0 }),
    { withinMs: 60_000 },
  )

  for (const victim of ['reader', 'tool', 'reader']) {
    const before = await activeOf(stack, 'product')
    const restoring = start('snapshot', 'restore', file)
    await atRandom()
    if (victim === 'tool') restoring.kill()
    else await restart()
    const { code } = await restoring.ended
    await eventually(() => activeOf(stack, 'product'), { withinMs: 60_000 })
    const after = await activeOf(stack, 'product')
    // Active are the generation of before, or one that is complete.
    if (after.generation === before.generation) expect(code).not.toBe(0)
    else expect(after.phase).toBe('ready')
    await expectAudited(stack, 'product')
    // After a late kill, the generation becomes active without the tool.
    if (after.generation !== before.generation) await dropOld(stack, 'product')
  }
  await repeated(stack, file)
  await expectAudited(stack, 'product')
  await dropOld(stack, 'product')
  await load[Symbol.asyncDispose]()
  await Promise.all([...load.versions].map(([id, version]) => readable(reader, id, version)))
})

/** Restores; drops first what a restore that continued without its tool has left. */
async function repeated(stack: Stack, file: string): Promise<void> {
  await eventually(
    async () => {
      const { code, err } = await lockstepOf(stack)('snapshot', 'restore', file)
      if (err.includes('drop the one')) await lockstepOf(stack)('rebuild', 'product', '--drop-old')
      expect({ code, err }).toMatchObject({ code: 0 })
    },
    { withinMs: 120_000, everyMs: 500 },
  )
}
