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
import { auditOf } from './app/audit.ts'
import type { AuditedCache, GenerationGroups, WriterState, WriterStates } from './app/ports.ts'
import { rebuildOf } from './app/rebuild.ts'
import { workOnGenerations } from './app/rebuild-worker.ts'
import { mongoAuditedModel } from './outbound/mongo/audited-model.ts'
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
    return { state: productAt(randomUUID(), 2), ageMs: 60_000, faults: [] }
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
  const find: WriterStates['find'] = async (ids) =>
    new Map(states.filter(({ state }) => ids.includes(state.id)).map((each) => [each.state.id, each]))
  const writer: WriterStates = { list, find }
  const closed: AuditedCache = { find: async () => undefined, drop: async () => {} }
  const audit = (number: number) => {
    steps.push(`audit ${number}`)
    return auditOf({ model: mongoAuditedModel(model(number)), cache: closed, writer })
  }
  const data = mongoGenerationData(db)
  const model = (number: number) => productCollection(db, number === 0 ? 'products' : `products_g${number}`)
  const ports = { registry, groups, data, writer, audit, log, pageSize: 5, letGoMs: 0 }
  return {
    db,
    registry,
    states,
    steps,
    kafka,
    groups,
    writer,
    ports,
    rebuild: rebuildOf({ registry, groups, count: async () => products }),
    model,
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
  const died = Promise.withResolvers<void>()
  let pages = 0
  place.writer.list = async (range) => {
    if (++pages !== 2) return list(range)
    died.resolve()
    return new Promise(() => {})
  }
  void place.work('first')
  await died.promise
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

test('an old model answers until nobody feeds it and the new one was compared with the writer', async () => {
  await using place = await rebuilt()
  const step = async () => {
    await place.work()
    return (await place.phases())[0]
  }
  expect(await place.drop(0)).toBe(true)
  place.kafka.members = 1
  expect(await step()).toBe('retiring')
  expect(place.steps).not.toContain('audit 1')
  place.kafka.members = 0
  expect(await step()).toBe('dropping')
  expect(place.steps).toContain('audit 1')
  expect(await place.registry.read()).toMatchObject({ generations: [{ written: 2, total: 2 }, {}] })
})

test('an old model stays while the new one cannot be compared, and another replica may try at once', async () => {
  await using place = await rebuilt()
  await place.drop(0)
  const { list } = place.writer
  place.writer.list = () => Promise.reject(new Error('the writer does not answer'))
  await expect(place.work('first')).rejects.toThrow('the writer does not answer')
  expect(await place.phases()).toEqual(['retiring', 'ready'])
  place.writer.list = list
  await place.work('second')
  expect(await place.phases()).toEqual(['dropping', 'ready'])
})

test('what the new model lacks is in it before the old one goes', async () => {
  await using place = await rebuilt()
  const newest = place.states[0]!
  newest.state = productAt(newest.state.id, 5)
  await mongoProjectionStore(place.model(0)).apply([newest.state])
  await place.drop(0)
  await place.work()
  expect(await place.phases()).toEqual(['dropping', 'ready'])
  expect(await place.model(1).findOne({ _id: newest.state.id })).toMatchObject({ version: 5 })
})

test('the data of a model go once every replica has had the time to hear of it', async () => {
  await using place = await rebuilt()
  await mongoProjectionStore(place.model(0)).apply([productAt(randomUUID(), 1)])
  await place.drop(0)
  await place.work()
  place.ports.letGoMs = 600_000
  const stop = new AbortController()
  const dropping = place.work('replica', stop.signal)
  await expect.poll(() => place.steps.filter((step) => step === 'remove product-projection')).toHaveLength(2)
  stop.abort()
  await expect(dropping).rejects.toThrow('aborted')
  expect(await place.model(0).countDocuments()).toBe(1)

  place.ports.letGoMs = 0
  await place.work()
  expect(await place.model(0).countDocuments()).toBe(0)
})

test('there is no way back to a model that retires', async () => {
  await using place = await rebuilt()
  await place.drop(0)
  await expect(place.rebuild.switchTo(0)).rejects.toMatchObject({
    code: 'not_found',
    message: 'Read model 0 is being dropped',
  })
  expect(await place.registry.read()).toMatchObject({ active: 1 })
})

test('who has the old model dropped hears how far that is, and when it is gone', async () => {
  await using place = await rebuilt()
  const seen = new Set<string>()
  await place.rebuild.dropOld(async ({ phase }) => {
    seen.add(phase)
    await place.work()
  })
  expect([...seen]).toEqual(['ready', 'dropping'])
  expect(await place.registry.read()).toMatchObject({ active: 1, generations: [{ number: 1 }] })
  await expect(place.rebuild.dropOld(async () => {})).rejects.toMatchObject({ code: 'not_found' })
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
    const models = { active: has(active), others: others.map(has) }
    return (await loadFromModels(() => models)('a', floor))?.version
  }
  expect(await loaded(3, [5], 0)).toBe(3)
  expect(await loaded(3, [5], 4)).toBe(5)
  expect(await loaded(0, [5], 4)).toBe(5)
  expect(await loaded(3, [2], 4)).toBe(3)
  expect(await loaded(0, [], 0)).toBeUndefined()
  const broken = { load: () => Promise.reject(new Error('no answer')) }
  const models = { active: has(3), others: [broken] }
  // It may have been the one that has the version.
  await expect(loadFromModels(() => models)('a', 4)).rejects.toThrow('no answer')
})

test('a model that goes while it is asked takes nobody into the past', async () => {
  let version = 4
  const active = { load: async () => productAt('a', version) }
  const going = {
    // Its data are gone, since the other has all of them by now; that one was asked before.
    async load() {
      version = 5
      models = { active, others: [] }
      return undefined
    },
  }
  let models: Parameters<typeof loadFromModels>[0] extends () => infer M ? M : never = {
    active,
    others: [going],
  }
  expect(await loadFromModels(() => models)('a', 5)).toMatchObject({ version: 5 })
})
