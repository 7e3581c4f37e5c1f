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
  const next = (offset: number) => ({ topic: { 0: String(offset) } })
  const groups: GenerationGroups = {
    ends: async () => next(kafka.end),
    pin: async (group, pins) => void steps.push(`pin ${group} at ${pins['topic']?.['0']}`),
    behind: async (_, ends) => Math.max(0, Number(ends['topic']?.['0']) - kafka.finished),
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
    /** As an operator has it dropped. */
    async drop(number: number) {
      const { generations } = await registry.read()
      return registry.drop(generations.find((each) => each.number === number)!)
    },
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

/** Two models; queries see the new one. */
async function rebuilt() {
  const place = await playground(2)
  await place.registry.begin(2)
  place.kafka.finished = 7
  for (let step = 0; step < 4; step++) await place.work()
  expect(await place.registry.read()).toMatchObject({ active: 1 })
  return place
}

test('a model goes with its data once nobody feeds it, and its number is not used again', async () => {
  await using place = await rebuilt()
  expect(await place.drop(1)).toBe(false)
  await place.drop(0)
  await mongoProjectionStore(place.model(0)).apply([productAt(randomUUID(), 1)])
  for (let step = 0; step < 3; step++) await place.work()
  expect(await place.registry.read()).toMatchObject({ active: 1, generations: [{ number: 1 }] })
  expect(await place.model(0).countDocuments()).toBe(0)
  await place.registry.begin(2)
  expect((await place.registry.read()).generations.map(({ number }) => number)).toEqual([1, 2])
})

test('an old model answers until the new one has all that was published while somebody fed it', async () => {
  await using place = await rebuilt()
  const step = async () => {
    await place.work()
    return (await place.phases())[0]
  }
  expect(await place.drop(0)).toBe(true)
  place.kafka.members = 1
  place.kafka.end = 20
  expect(await step()).toBe('retiring')
  // What is published up to here may still have come into it.
  place.kafka.end = 30
  place.kafka.members = 0
  expect(await step()).toBe('retiring')
  place.kafka.finished = 29
  // The load goes on: nobody has to have all of that.
  place.kafka.end = 100
  expect(await step()).toBe('retiring')
  place.kafka.finished = 30
  expect(await step()).toBe('dropping')
})

test('an old model goes although the topic was made again and does not come to where it was', async () => {
  await using place = await rebuilt()
  await place.drop(0)
  place.kafka.end = 500
  await place.work()
  place.kafka.end = 9
  await place.work()
  expect(await place.phases()).toEqual(['retiring', 'ready'])
  place.kafka.finished = 9
  await place.work()
  expect(await place.phases()).toEqual(['dropping', 'ready'])
})

test('there is no way back to a model that retires', async () => {
  await using place = await rebuilt()
  await place.drop(0)
  await expect(place.rebuild.switchTo(0)).rejects.toMatchObject({
    code: 'unavailable',
    message: 'Read model 0 is not ready, it is retiring',
  })
  expect(await place.registry.read()).toMatchObject({ active: 1 })
})

test('the old model is kept while the new one is far behind', async () => {
  await using place = await rebuilt()
  place.kafka.end = 250
  await expect(place.rebuild.dropOld(async () => {})).rejects.toMatchObject({
    code: 'unavailable',
    message: 'Read model 1 is 243 records behind; the old one can go once it has caught up',
  })
  expect(await place.phases()).toEqual(['ready', 'ready'])
  place.kafka.finished = 200
  const seen = new Set<string>()
  await place.rebuild.dropOld(async ({ phase }) => {
    place.kafka.finished = 250
    seen.add(phase)
    await place.work()
  })
  expect([...seen]).toEqual(['ready', 'retiring', 'dropping'])
  expect(await place.registry.read()).toMatchObject({ active: 1, generations: [{ number: 1 }] })
})

test('a model that is dropped while it is filled is not filled any further, and goes', async () => {
  await using place = await playground(12)
  await place.registry.begin(12)
  await place.work()
  await place.work()
  const { list } = place.writer
  let pages = 0
  place.writer.list = async (range) => {
    if (++pages === 2) await place.drop(1)
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
    await place.drop(1)
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
      await place.drop(number)
      if (gone) await place.registry.forget(number)
    })
    await expect(following).rejects.toMatchObject({
      code: 'not_found',
      message: 'Read model 1 was dropped before queries saw it',
    })
    expect(seen).toEqual(['1 pinning'])
  }
})

test('queries are switched back while Kafka does not answer, and a repeat changes nothing', async () => {
  await using place = await rebuilt()
  place.groups.ends = () => Promise.reject(new AppError('unavailable', 'Kafka does not answer'))
  for (const _ of [1, 2]) {
    expect(await place.rebuild.switchTo(0)).toMatchObject({ number: 0, active: true, behind: undefined })
    expect(await place.registry.read()).toMatchObject({ active: 0 })
  }
  await expect(place.rebuild.switchTo(7)).rejects.toMatchObject({
    code: 'not_found',
    message: 'There is no read model 7',
  })
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
