import { AppError } from '@lockstep/core/errors/app-error.ts'
import { expect, inject, test } from 'vitest'
import { mongoProjectionStore } from '../../product/outbound/mongo/projection-store.ts'
import { generationsPlayground, rebuiltPlayground } from './testing/rebuild-fixture.ts'
import { productAt } from '../../testing/products.ts'

const playground = (products = 0) => generationsPlayground(inject('mongoUrl'), products)
const rebuilt = (products = 2) => rebuiltPlayground(inject('mongoUrl'), products)

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
