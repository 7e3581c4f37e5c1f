import { randomUUID } from 'node:crypto'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { openMongo } from '@lockstep/core/mongo/client.ts'
import { freshMongo } from '@lockstep/local-infra/fresh-names.ts'
import { expect, inject, test } from 'vitest'
import { productCollection } from '../product/outbound/mongo/product-document.ts'
import { mongoProjectionStore } from '../product/outbound/mongo/projection-store.ts'
import { productAt } from '../testing/products.ts'
import { loadFromModels } from './app/load-from-models.ts'
import type { GenerationGroups, WriterState, WriterStates } from './app/ports.ts'
import { rebuildOf } from './app/rebuild.ts'
import { workOnGenerations } from './app/rebuild-worker.ts'
import { mongoGenerationData } from './outbound/mongo/generation-data.ts'
import { mongoGenerationRegistry } from './outbound/mongo/generation-registry.ts'

const log = createLog({ service: 'test', level: 'silent' })
const never = new AbortController().signal

/** A real registry and real collections; of groups and of the writer only their answers. */
async function playground(products = 0) {
  const mongo = openMongo({ url: freshMongo(inject('mongoUrl')), appName: 'test' })
  const { db } = mongo
  const registry = mongoGenerationRegistry(db)
  const states = Array.from({ length: products }, (): WriterState => {
    return { state: productAt(randomUUID(), 2), ageMs: 0, faults: [] }
  }).toSorted((a, b) => (a.state.id < b.state.id ? -1 : 1))
  const steps: string[] = []
  const kafka = { end: 7, finished: 0, members: 0 }
  const groups: GenerationGroups = {
    ends: async () => ({ topic: { 0: String(kafka.end) } }),
    pin: async (group, pins) => void steps.push(`pin ${group} at ${pins['topic']?.['0']}`),
    behind: async () => kafka.end - kafka.finished,
    finished: async () => ({ topic: { 0: String(kafka.finished) } }),
    remove: async (group) => {
      steps.push(`remove ${group}`)
      return kafka.members === 0
    },
  }
  const list: WriterStates['list'] = async ({ after, limit }) => {
    steps.push(`states behind ${states.findIndex(({ state }) => state.id === after) + 1}`)
    return states.filter(({ state }) => state.id > (after ?? '')).slice(0, limit)
  }
  const writer: WriterStates = { list, find: async () => new Map() }
  const data = mongoGenerationData(db)
  const ports = { registry, groups, data, writer, log, pageSize: 5 }
  return {
    db,
    registry,
    states,
    steps,
    kafka,
    groups,
    writer,
    rebuild: rebuildOf({ registry, groups, count: async () => products }),
    model: (number: number) => productCollection(db, number === 0 ? 'products' : `products_g${number}`),
    work: (owner = 'replica', stop = never) => workOnGenerations(ports, owner, stop),
    phases: async () => (await registry.read()).generations.map(({ phase }) => phase),
    [Symbol.asyncDispose]: () => mongo[Symbol.asyncDispose](),
  }
}

test('the offsets are pinned before the first state is read, and queries see the model when both are through', async () => {
  await using place = await playground(3)
  await place.model(0).createIndex({ words: 1 }, { name: 'words' })
  expect(await place.registry.begin(3)).toBe(1)
  await place.work()
  // What is published from here on comes from the topic.
  place.kafka.end = 500
  for (let step = 0; step < 3; step++) await place.work()
  expect(place.steps).toEqual(['pin product-projection-g1 at 7', 'states behind 0'])
  expect(await place.model(1).countDocuments()).toBe(3)
  expect((await place.model(1).indexes()).map(({ name }) => name)).toContain('words')
  expect(await place.registry.read()).toMatchObject({
    active: 0,
    generations: [{}, { phase: 'filled', written: 3 }],
  })

  place.kafka.finished = 450
  await place.work()
  expect(await place.registry.read()).toMatchObject({ active: 1, generations: [{}, { phase: 'ready' }] })
})

test('a state that is older than what came from the topic does not take its place', async () => {
  await using place = await playground(1)
  await place.registry.begin(1)
  await place.work()
  await place.work()
  const { id } = place.states[0]!.state
  await mongoProjectionStore(place.model(1)).apply([productAt(id, 5)])
  await place.work()
  expect(await place.model(1).findOne({ _id: id })).toMatchObject({ version: 5 })
})

test('another replica goes on behind the last page that was noted, once the first is gone for long enough', async () => {
  await using place = await playground(12)
  await place.registry.begin(12)
  await place.work('first')
  await place.work('first')
  const { list } = place.writer
  let pages = 0
  place.writer.list = async (range) => {
    if (++pages === 2) throw new Error('the replica dies')
    return list(range)
  }
  await expect(place.work('first')).rejects.toThrow('dies')
  await place.work('second')
  expect(pages).toBe(2)

  await place.db
    .collection('model_generations')
    .updateOne({}, { $set: { 'generations.g1.ownedUntil': new Date(0) } })
  await place.work('second')
  expect(place.steps.slice(1)).toEqual(['states behind 0', 'states behind 5', 'states behind 10'])
  expect(await place.phases()).toEqual(['ready', 'filled'])
  expect(await place.model(1).countDocuments()).toBe(12)
})

test('of two that begin at once one begins, and while there are two none does', async () => {
  await using place = await playground()
  const begun = await Promise.all([place.registry.begin(0), place.registry.begin(0)])
  expect(begun.filter((number) => number !== undefined)).toEqual([1])
  expect(await place.registry.begin(0)).toBeUndefined()
})

test('a model goes with its data once nobody feeds it, and its number is not used again', async () => {
  await using place = await playground(2)
  await place.registry.begin(2)
  place.kafka.finished = 7
  for (let step = 0; step < 4; step++) await place.work()
  expect(await place.registry.drop(1)).toBe(false)
  expect(await place.registry.drop(0)).toBe(true)
  place.kafka.members = 1
  await place.work()
  expect(await place.phases()).toEqual(['dropping', 'ready'])
  place.kafka.members = 0
  await place.work()
  expect(await place.registry.read()).toMatchObject({ active: 1, generations: [{ number: 1 }] })
  await place.registry.begin(2)
  expect((await place.registry.read()).generations.map(({ number }) => number)).toEqual([1, 2])
})

test('a model that is dropped while it is filled is not filled any further, and goes', async () => {
  await using place = await playground(12)
  await place.registry.begin(12)
  await place.work()
  await place.work()
  const { list } = place.writer
  let pages = 0
  place.writer.list = async (range) => {
    if (++pages === 2) await place.registry.drop(1)
    return list(range)
  }
  await place.work()
  expect(await place.phases()).toEqual(['ready', 'dropping'])
  expect(pages).toBe(2)
  expect(await place.model(1).countDocuments()).toBe(5)
  await place.work()
  expect(await place.registry.read()).toMatchObject({ active: 0, generations: [{ number: 0 }] })
})

test('a model that is dropped just before queries would see it is not seen', async () => {
  await using place = await playground(2)
  await place.registry.begin(2)
  place.kafka.finished = 7
  for (let step = 0; step < 3; step++) await place.work()
  const { behind } = place.groups
  place.groups.behind = async (...asked) => {
    await place.registry.drop(1)
    return behind(...asked)
  }
  await place.work()
  expect(await place.registry.read()).toMatchObject({
    active: 0,
    generations: [{ phase: 'ready' }, { phase: 'dropping' }],
  })
})

test('who follows a rebuild hears that its model was dropped, not that queries see another', async () => {
  for (const gone of [false, true]) {
    await using place = await playground(2)
    const seen: string[] = []
    const following = place.rebuild.run(async ({ number, phase }) => {
      seen.push(`${number} ${phase}`)
      await place.registry.drop(number)
      if (gone) await place.registry.forget(number)
    })
    await expect(following).rejects.toMatchObject({
      code: 'not_found',
      message: 'Read model 1 was dropped before queries saw it',
    })
    expect(seen).toEqual(['1 pinning'])
  }
})

test('queries are switched back while Kafka does not answer', async () => {
  await using place = await playground(2)
  await place.registry.begin(2)
  place.kafka.finished = 7
  for (let step = 0; step < 4; step++) await place.work()
  place.groups.ends = () => Promise.reject(new AppError('unavailable', 'Kafka does not answer'))
  expect(await place.rebuild.switchOver()).toMatchObject({ number: 0, active: true, behind: undefined })
  expect(await place.registry.read()).toMatchObject({ active: 0 })
})

test('the old model goes only once a look finds that the new one has all that the old one has by then', async () => {
  await using place = await playground(2)
  await place.registry.begin(2)
  place.kafka.finished = 7
  for (let step = 0; step < 4; step++) await place.work()
  const finished = { old: 8, new: 7 }
  const looks: number[] = []
  place.groups.finished = async () => ({ topic: { 0: String(finished.old) } })
  place.groups.behind = async (_, offsets) => {
    const target = Number(offsets['topic']?.['0'])
    if (target === place.kafka.end) return 0
    const behind = Math.max(0, target - finished.new)
    looks.push(behind)
    // Both go on while they are looked at.
    finished.old = Math.min(finished.old + 1, 10)
    finished.new += 1
    return behind
  }
  await place.rebuild.dropOld(({ number }) => place.registry.forget(number))
  expect(looks).toEqual([1, 1, 1, 0])
  expect(await place.registry.read()).toMatchObject({ active: 1, generations: [{ number: 1 }] })
})

test('who was answered with a version is not answered with less by the other model', async () => {
  const has = (version: number) => ({
    load: async () => (version === 0 ? undefined : productAt('a', version)),
  })
  const loaded = async (active: number, others: number[], floor: number) => {
    const load = loadFromModels({ active: () => has(active), others: () => others.map(has) })
    return (await load('a', floor))?.version
  }
  expect(await loaded(3, [5], 0)).toBe(3)
  expect(await loaded(3, [5], 4)).toBe(5)
  expect(await loaded(0, [5], 4)).toBe(5)
  expect(await loaded(3, [2], 4)).toBe(3)
  expect(await loaded(0, [], 0)).toBeUndefined()
  const broken = { load: () => Promise.reject(new Error('gone')) }
  expect(await loadFromModels({ active: () => has(3), others: () => [broken] })('a', 4)).toMatchObject({
    version: 3,
  })
})
