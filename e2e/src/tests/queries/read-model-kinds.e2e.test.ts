import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { lockstepOf } from '../../clients/lockstep.ts'
import { eventually } from '../../system/eventually.ts'
import { statesOf } from '../../system/postgres.ts'
import type { Stack } from '../../system/stack.ts'
import { testOnOwnStack as test } from '../../system/stack-test.ts'

/* Totals and histories while the projection is killed. The databases are real, and the events are the writers'. */

type Totals = { category: string; count: number; sum: number; min: number; max: number }
type Entry = {
  version: number
  type: string
  requestId: string
  changes: { field: string; from: unknown; to: unknown }[]
}

const PRODUCTS = 14
const CHANGE_EVERY_MS = 100

/** Three categories of this test, so that other tests' products do not count. */
function categoriesOf(mark: string) {
  const categories = ['a', 'b', 'c'].map((name) => `${mark}-${name}`)
  return { categories, any: () => categories[Math.floor(Math.random() * 3)]! }
}

/** Changes all products until `stop` is aborted, and deletes some of them then. Returns their versions. */
async function changeAll(
  { writers }: Stack,
  any: () => string,
  stop: AbortSignal,
): Promise<Map<string, number>> {
  const versions = new Map<string, number>()
  const one = async (index: number) => {
    const { http } = writers[index % 2]!
    const id = randomUUID()
    const send = async (method: string, path: string, json?: object) => {
      const { json: body } = await http.send(method, path, { ...(json && { json }), timeoutMs: 60_000 })
      versions.set(id, (body as { version: number }).version)
    }
    await send('POST', '/api/v1/products', { id, name: 'Teapot', category: any(), priceCents: index })
    for (let round = 1; !stop.aborted; round++) {
      await send('PATCH', `/api/v1/products/${id}`, { category: any(), priceCents: 100 * round + index })
      await sleep(CHANGE_EVERY_MS)
    }
    if (index % 7 === 0) await send('DELETE', `/api/v1/products/${id}`)
  }
  await Promise.all(Array.from({ length: PRODUCTS }, (_, index) => one(index)))
  return versions
}

/**
 * Kills the reader and MongoDB in turn during the changes, which end while MongoDB is down. Then the reader has events that
 * it cannot write, and is killed too.
 */
async function changesWithKills(stack: Stack, any: () => string): Promise<Map<string, number>> {
  const stop = new AbortController()
  const changes = changeAll(stack, any, stop.signal)
  const { reader, servers } = stack
  for (const victim of [reader.process, servers.mongo, reader.process]) {
    await sleep(500)
    await victim.kill()
    await victim.start()
  }
  await sleep(500)
  await servers.mongo.kill()
  await sleep(1_000)
  stop.abort()
  const versions = await changes
  await reader.process.kill()
  await servers.mongo.start()
  await reader.process.start()
  return versions
}

function foldOf(states: readonly Readonly<Record<string, unknown>>[]): Totals[] {
  const live = states.filter(({ deleted }) => deleted !== true)
  return [...Map.groupBy(live, ({ category }) => category as string)]
    .map(([category, of]) => {
      const prices = of.map(({ priceCents }) => Number(priceCents))
      const sum = prices.reduce((total, price) => total + price, 0)
      return { category, count: of.length, sum, min: Math.min(...prices), max: Math.max(...prices) }
    })
    .toSorted((a, b) => (a.category < b.category ? -1 : 1))
}

async function totalsOf({ reader }: Stack, categories: readonly string[], query = ''): Promise<Totals[]> {
  const { status, json, text } = await reader.http.send('GET', `/api/v1/categories/totals?sort=name${query}`)
  if (status !== 200) throw new Error(text)
  return (json as { items: Totals[] }).items.filter(({ category }) => categories.includes(category))
}

async function historyOf({ reader }: Stack, id: string, minVersion: number): Promise<Entry[]> {
  const entries: Entry[] = []
  for (let token: string | undefined = ''; token !== undefined;) {
    const path = `/api/v1/products/${id}/history?minVersion=${minVersion}&pageSize=20&pageToken=${token}`
    const { status, json, text } = await reader.http.send('GET', path)
    if (status !== 200) throw new Error(text)
    const page = json as { items: Entry[]; nextPageToken?: string }
    entries.push(...page.items)
    token = page.nextPageToken
  }
  return entries
}

test('totals are exact and histories are complete after the reader and MongoDB were killed, and after rebuilds', async ({
  stack,
}) => {
  const { categories, any } = categoriesOf(`kill-${Date.now()}`)
  const versions = await changesWithKills(stack, any)
  const ids = [...versions.keys()]
  const states = await statesOf(stack.postgres, 'product', new Set(ids))
  expect(new Map(states.map(({ id, version }) => [id, version]))).toEqual(versions)

  const check = async () => {
    const waits = [...versions].map(([id, version]) => `&minVersion=${version}&productId=${id}`)
    await Promise.all(waits.map((wait) => totalsOf(stack, categories, wait)))
    expect(await totalsOf(stack, categories)).toEqual(foldOf(states))
    const checkHistory = async (state: (typeof states)[number]) => {
      const { id, version, deleted } = state
      const entries = await historyOf(stack, id, version)
      expect(entries.map((entry) => entry.version)).toEqual(
        Array.from({ length: version }, (_, index) => version - index),
      )
      // Each field's values are a chain, from nothing to what the writer has.
      for (const field of ['category', 'priceCents']) {
        const changes = entries.flatMap(({ changes: all }) => all.filter((change) => change.field === field))
        expect(changes.map(({ from }) => from)).toEqual([...changes.slice(1).map(({ to }) => to), null])
        expect(changes[0]?.to).toEqual(deleted ? null : state[field])
      }
    }
    await Promise.all(states.map(checkHistory))
  }
  await eventually(check, { withinMs: 60_000 })

  const forBoth = (work: (readModel: string) => Promise<void>) =>
    Promise.all(['category-totals', 'product-history'].map(work))
  await forBoth(async (readModel) => {
    const rebuilt = await lockstepOf(stack)('rebuild', readModel)
    expect(rebuilt, rebuilt.err).toMatchObject({ code: 0 })
    const audited = await lockstepOf(stack)('audit', readModel, '--rate', '100000')
    expect(audited, `${audited.out}${audited.err}`).toMatchObject({ code: 0 })
  })
  await eventually(check, { withinMs: 60_000 })
  await forBoth(async (readModel) => {
    expect(await lockstepOf(stack)('rebuild', readModel, '--drop-old')).toMatchObject({ code: 0 })
  })
})

test('an audit finds and repairs what is wrong in totals and in a history', async ({ stack }) => {
  const { writers, reader, mongo } = stack
  const lockstep = lockstepOf(stack)
  const category = `audit-${randomUUID().slice(0, 8)}`
  const { id } = await writers[0].grpc.createProduct({
    product: { name: 'Teapot', priceCents: 5, category },
  })
  await writers[0].grpc.updateProduct({ id, product: { priceCents: 6 }, updateMask: ['priceCents'] })
  await historyOf(stack, id, 2)
  const active = async (readModel: string) => {
    const { json } = await lockstep('rebuild', readModel, '--status', '--json')
    const { generation } = json.find((each) => each.active === true) as { generation: number }
    return generation === 0 ? readModel : `${readModel}_g${generation}`
  }
  const entries = mongo.collection<{ _id: string }>(await active('product-history'))
  await entries.deleteOne({ _id: `${id}/${'1'.padStart(16, '0')}` })
  const { json: behind } = await reader.http.send('GET', `/api/v1/products/${id}/history`)
  expect(behind).toMatchObject({ code: 'read_model_behind' })

  const options = ['--json', '--repair', '--age-limit', '0', '--rate', '100000']
  const { json: found } = await lockstep('audit', 'product-history', ...options)
  expect(found).toContainEqual(
    expect.objectContaining({ id: `${id}/${'1'.padStart(16, '0')}`, kind: 'missing', repaired: true }),
  )
  expect(await historyOf(stack, id, 2)).toHaveLength(2)

  const slots = mongo.collection<{ entries: string; totals: string }>(await active('category-totals'))
  const slot = await slots.findOne({ entries: { $regex: id } })
  const wrong = JSON.parse(slot!.entries) as Record<string, [number, string, number]>
  wrong[id]![2] = 99
  const totals = JSON.parse(slot!.totals) as [group: string, ...number[]][]
  const ofWrong = totals.map((each) => (each[0] === category ? [category, 1, 99, 99, 99] : each))
  const drifted = { entries: JSON.stringify(wrong), totals: JSON.stringify(ofWrong) }
  await slots.updateOne({ _id: slot!._id }, { $set: drifted })
  const { json: mismatches } = await lockstep('audit', 'category-totals', ...options)
  expect(mismatches).toContainEqual(
    expect.objectContaining({ id, kind: 'different', detail: 'value', repaired: true }),
  )
  expect(await lockstep('audit', 'category-totals', '--rate', '100000')).toMatchObject({ code: 0 })
  expect(await totalsOf(stack, [category])).toEqual([{ category, count: 1, sum: 6, min: 6, max: 6 }])
})
