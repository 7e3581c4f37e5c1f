import { AppError } from '@lockstep/core/errors/app-error.ts'
import { expect, inject, test } from 'vitest'
import { noteAt } from '../testing/notes.ts'
import { rebuildFixture, rebuiltFixture } from './testing/rebuild-fixture.ts'

const fixtureOf = (notes = 0) => rebuildFixture(inject('mongoUrl'), notes)
const rebuilt = (notes = 2) => rebuiltFixture(inject('mongoUrl'), notes)

test('the offsets are set before the first state is read, and the generation becomes active when it has caught up', async () => {
  await using fixture = await fixtureOf(3)
  const { kafka, registry, steps, collection, work } = fixture
  expect(await registry.begin(3)).toBe(1)
  await work()
  // Events that are published from now on come from the topic.
  kafka.end = 500
  for (let step = 0; step < 3; step++) await work()
  expect(steps).toEqual(['set offsets of 1 to 7', 'list states after 0'])
  expect(await collection(1).countDocuments()).toBe(3)
  expect((await collection(1).indexes()).map(({ name }) => name)).toContain('text')
  expect(await registry.read()).toMatchObject({
    active: 0,
    generations: [{}, { phase: 'catching_up', copied: 3 }],
  })

  kafka.end = 550
  kafka.committed = 500
  await work()
  expect(await registry.read()).toMatchObject({ active: 1, generations: [{}, { phase: 'ready' }] })
})

test('a generation does not become active before its group has consumed what was published during the backfill', async () => {
  await using fixture = await fixtureOf(3)
  const { kafka, registry, work } = fixture
  await registry.begin(3)
  await work()
  kafka.committed = 7
  kafka.end = 10
  for (let step = 0; step < 4; step++) await work()
  expect(await registry.read()).toMatchObject({ active: 0, generations: [{}, { phase: 'catching_up' }] })
  // What is published later may remain, up to the limit.
  kafka.committed = 10
  kafka.end = 111
  await work()
  expect(await registry.read()).toMatchObject({ active: 0 })
  kafka.end = 110
  await work()
  expect(await registry.read()).toMatchObject({ active: 1, generations: [{}, { phase: 'ready' }] })
})

test('a copied state does not replace a newer one that came from the topic', async () => {
  await using fixture = await fixtureOf(1)
  const { registry, states, collection, storeOf, work } = fixture
  await registry.begin(1)
  await work()
  await work()
  const { id } = states[0]!
  await storeOf(1).apply([noteAt(id, 5)])
  await work()
  expect(await collection(1).findOne({ _id: id })).toMatchObject({ version: 5 })
})

test('another replica continues after the last recorded page when the claim of the first has expired', async () => {
  await using fixture = await fixtureOf(12)
  const { db, registry, steps, writer, collection, phases, work } = fixture
  await registry.begin(12)
  await work('first')
  await work('first')
  const { list } = writer
  const died = Promise.withResolvers<void>()
  let pages = 0
  writer.list = async (range) => {
    if (++pages !== 2) return list(range)
    died.resolve()
    return new Promise(() => {})
  }
  void work('first')
  await died.promise
  await work('second')
  expect(pages).toBe(2)

  await db
    .collection('read_model_generations')
    .updateOne({}, { $set: { 'generations.g1.ownedUntil': new Date(0) } })
  await work('second')
  expect(steps.slice(1)).toEqual(['list states after 0', 'list states after 5', 'list states after 10'])
  expect(await phases()).toEqual(['ready', 'catching_up'])
  expect(await collection(1).countDocuments()).toBe(12)
})

test('a state whose event is lost is not copied, and the others are', async () => {
  await using fixture = await fixtureOf(7)
  const { registry, states, collection, work } = fixture
  states[4]!.state = undefined
  await registry.begin(7)
  for (let step = 0; step < 3; step++) await work()
  expect(await registry.read()).toMatchObject({
    generations: [{}, { phase: 'catching_up', copied: 6, cursor: states[6]!.id }],
  })
  expect(await collection(1).countDocuments()).toBe(6)
  expect(await collection(1).findOne({ _id: states[4]!.id })).toBeNull()
})

test('of two rebuilds that start at once one starts, and none while there are two generations', async () => {
  await using fixture = await fixtureOf()
  const { registry } = fixture
  const started = await Promise.all([registry.begin(0), registry.begin(0)])
  expect(started.filter((number) => number !== undefined)).toEqual([1])
  expect(await registry.begin(0)).toBeUndefined()
})

test('a generation that is dropped just before it would become active does not become active', async () => {
  await using fixture = await fixtureOf(2)
  const { registry, groups, kafka, drain, work } = fixture
  await registry.begin(2)
  kafka.committed = 7
  for (let step = 0; step < 3; step++) await work()
  const { lag } = groups
  groups.lag = async (...args) => {
    await drain(1)
    return lag(...args)
  }
  await work()
  expect(await registry.read()).toMatchObject({
    active: 0,
    generations: [{ phase: 'ready' }, { phase: 'draining' }],
  })
})

test('the caller who follows a rebuild learns that its generation was dropped', async () => {
  for (const removed of [false, true]) {
    await using fixture = await fixtureOf(2)
    const seen: string[] = []
    const following = fixture.operations.rebuild(async ({ generation, phase }) => {
      seen.push(`${generation} ${phase}`)
      await fixture.drain(generation)
      if (removed) await fixture.registry.remove(generation)
    })
    await expect(following).rejects.toMatchObject({
      code: 'not_found',
      message: 'An operator dropped generation 1 of note',
    })
    expect(seen).toEqual(['1 setting_offsets'])
  }
})

test('queries are switched back while Kafka does not respond, and a repetition changes nothing', async () => {
  await using fixture = await rebuilt()
  const { registry, groups, operations } = fixture
  groups.ends = () => Promise.reject(new AppError('unavailable', 'Kafka does not respond'))
  for (const _ of [1, 2]) {
    expect(await operations.switchTo(0)).toMatchObject({ generation: 0, active: true, lag: undefined })
    expect(await registry.read()).toMatchObject({ active: 0 })
  }
  await expect(operations.switchTo(7)).rejects.toMatchObject({
    code: 'not_found',
    message: 'There is no generation 7 of note',
  })
})

test('a repair is recorded for the active generation only', async () => {
  await using fixture = await rebuilt()
  const { registry } = fixture
  await registry.corrected(0)
  expect(await registry.read()).toMatchObject({ active: 1, corrections: 0 })
  await registry.corrected(1)
  expect(await registry.read()).toMatchObject({ active: 1, corrections: 1 })
})
