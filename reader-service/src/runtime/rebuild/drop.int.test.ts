import { randomUUID } from 'node:crypto'
import { expect, inject, test } from 'vitest'
import { mongoProjectionStore } from '../../product/outbound/mongo/projection-store.ts'
import {
  generationsPlayground,
  rebuiltPlayground,
  type GenerationsPlayground,
} from './testing/rebuild-fixture.ts'
import { productAt } from '../../testing/products.ts'

const playground = (products = 0) => generationsPlayground(inject('mongoUrl'), products)
const rebuilt = (products = 2) => rebuiltPlayground(inject('mongoUrl'), products)

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

test('an old model answers until nobody feeds it and the new one has the states of the writer', async () => {
  await using place = await rebuilt()
  const step = async () => {
    await place.work()
    return (await place.phases())[0]
  }
  expect(await place.drop(0)).toBe(true)
  place.kafka.members = 1
  expect(await step()).toBe('retiring')
  place.kafka.members = 0
  expect(await step()).toBe('dropping')
  expect(await place.registry.read()).toMatchObject({ generations: [{ written: 2, total: 2 }, {}] })
})

test('an old model stays while the writer does not answer, and another replica may try at once', async () => {
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
  // The other product has not changed, and what a replica that died has not told the cache is told again.
  const unchanged = { state: { id: place.states[1]!.state.id }, applied: false }
  expect(place.settled).toMatchObject([{ state: newest.state, applied: true }, unchanged])
})

test('the model that was made anew goes the same way when queries were switched back', async () => {
  await using place = await rebuilt()
  await place.rebuild.switchTo(0)
  await place.drop(1)
  const { generations } = await place.registry.read()
  expect(generations).toMatchObject([{}, { phase: 'retiring', written: 0, total: 2 }])
  await place.work()
  expect(place.steps).toContain('remove product-projection-g1')
  expect(await place.model(0).countDocuments()).toBe(2)
})

test('whether nobody feeds a model is asked once every replica has had the time to hear that it retires', async () => {
  await using place = await rebuilt()
  await place.drop(0)
  expect(await cutOff(place)).toMatchObject({ name: 'AbortError' })
  expect(place.steps).not.toContain('remove product-projection')
})

test('another replica goes on with a model that retires behind the last page that was noted', async () => {
  await using place = await rebuilt(12)
  await place.drop(0)
  place.steps.length = 0
  const { list } = place.writer
  place.writer.list = async (range) => {
    if (range.after !== undefined) throw new Error('the replica stops')
    return list(range)
  }
  await expect(place.work('first')).rejects.toThrow('stops')
  place.writer.list = list
  await place.work('second')
  expect(place.steps).toEqual([
    'remove product-projection',
    'states behind 0',
    'states behind 5',
    'states behind 10',
  ])
  expect(await place.phases()).toEqual(['dropping', 'ready'])
})

/** A step whose replica stops before the others have had the time to hear of the phase. */
async function cutOff({ ports, work }: GenerationsPlayground): Promise<unknown> {
  ports.hearWithinMs = 600_000
  const stop = new AbortController()
  const { claim } = ports.registry
  ports.registry.claim = async (...asked) => {
    const claimed = await claim(...asked)
    stop.abort()
    return claimed
  }
  const ended = await work('replica', stop.signal).catch((error: unknown) => error)
  ports.registry.claim = claim
  ports.hearWithinMs = 0
  return ended
}

test('the data of a model go once every replica has had the time to hear of it', async () => {
  await using place = await rebuilt()
  await mongoProjectionStore(place.model(0)).apply([productAt(randomUUID(), 1)])
  await place.drop(0)
  await place.work()
  expect(await cutOff(place)).toMatchObject({ name: 'AbortError' })
  expect(await place.model(0).countDocuments()).toBe(1)
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
  place.kafka.members = 1
  await place.work()
  expect(await place.phases()).toEqual(['ready', 'dropping'])
  place.kafka.members = 0
  await place.work()
  expect(await place.registry.read()).toMatchObject({ active: 0, generations: [{ number: 0 }] })
})
