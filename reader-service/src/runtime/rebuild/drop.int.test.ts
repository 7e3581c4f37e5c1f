import { randomUUID } from 'node:crypto'
import { expect, inject, test } from 'vitest'
import { noteAt } from '../testing/notes.ts'
import { rebuildFixture, rebuiltFixture, type RebuildFixture } from './testing/rebuild-fixture.ts'

const fixtureOf = (notes = 0) => rebuildFixture(inject('mongoUrl'), notes)
const rebuilt = (notes = 2) => rebuiltFixture(inject('mongoUrl'), notes)

test('a generation is dropped with its data, and its number is not used again', async () => {
  await using fixture = await rebuilt()
  const { registry, collection, storeOf, drain, work } = fixture
  await storeOf(0).apply([noteAt(randomUUID(), 1)])
  expect(await drain(1)).toBe(false)
  expect(await drain(0)).toBe(true)
  for (let step = 0; step < 2; step++) await work()
  expect(await registry.read()).toMatchObject({ active: 1, generations: [{ number: 1 }] })
  expect(await collection(0).countDocuments()).toBe(0)
  await registry.begin(2)
  expect((await registry.read()).generations.map(({ number }) => number)).toEqual([1, 2])
})

test('the data of a generation remain while its group has members', async () => {
  await using fixture = await rebuilt()
  const { kafka, collection, storeOf, phases, drain, work } = fixture
  await storeOf(0).apply([noteAt(randomUUID(), 1)])
  await drain(0)
  kafka.members = 1
  for (let step = 0; step < 2; step++) await work()
  expect(await phases()).toEqual(['draining', 'ready'])
  expect(await collection(0).countDocuments()).toBe(1)
  kafka.members = 0
  await work()
  expect(await phases()).toEqual(['dropping', 'ready'])
})

test('the group is deleted only when every replica has had the time to read that the generation is dropped', async () => {
  await using fixture = await rebuilt()
  await fixture.storeOf(0).apply([noteAt(randomUUID(), 1)])
  await fixture.drain(0)
  expect(await stoppedDuringWait(fixture)).toMatchObject({ name: 'AbortError' })
  expect(fixture.steps).not.toContain('remove group of 0')
  expect(await fixture.phases()).toEqual(['draining', 'ready'])
  expect(await fixture.collection(0).countDocuments()).toBe(1)
})

/** A step whose replica stops before the others have had the time to read the phase. Returns its error. */
async function stoppedDuringWait({ ports, work }: RebuildFixture): Promise<unknown> {
  ports.readByAllMs = 600_000
  const stop = new AbortController()
  const { claim } = ports.registry
  ports.registry.claim = async (...args) => {
    const claimed = await claim(...args)
    stop.abort()
    return claimed
  }
  const error = await work('replica', stop.signal).catch((thrown: unknown) => thrown)
  ports.registry.claim = claim
  ports.readByAllMs = 0
  return error
}

test('another replica continues at once when a step of the drop fails', async () => {
  await using fixture = await rebuilt()
  const { groups, phases, drain, work } = fixture
  await drain(0)
  const { remove } = groups
  groups.remove = () => Promise.reject(new Error('Kafka does not respond'))
  await expect(work('first')).rejects.toThrow('Kafka does not respond')
  expect(await phases()).toEqual(['draining', 'ready'])
  groups.remove = remove
  await work('second')
  expect(await phases()).toEqual(['dropping', 'ready'])
})

test('the new generation is dropped in the same way after queries were switched back', async () => {
  await using fixture = await rebuilt()
  const { registry, steps, collection, operations, drain, work } = fixture
  await operations.switchTo(0)
  await drain(1)
  for (let step = 0; step < 2; step++) await work()
  expect(steps).toContain('remove group of 1')
  expect(await collection(1).countDocuments()).toBe(0)
  expect(await registry.read()).toMatchObject({ active: 0, generations: [{ number: 0 }] })
})

test('queries cannot be switched back to a generation that is being dropped', async () => {
  await using fixture = await rebuilt()
  await fixture.drain(0)
  await expect(fixture.operations.switchTo(0)).rejects.toMatchObject({
    code: 'not_found',
    message: 'Queries cannot use generation 0 of note: it is being dropped',
  })
  expect(await fixture.registry.read()).toMatchObject({ active: 1 })
})

test('the operator who drops a generation sees its phases until it no longer exists', async () => {
  await using fixture = await rebuilt()
  const { registry, operations, work } = fixture
  const seen = new Set<string>()
  await operations.dropOther(async ({ phase }) => {
    seen.add(phase)
    await work()
  })
  expect([...seen]).toEqual(['ready', 'dropping'])
  expect(await registry.read()).toMatchObject({ active: 1, generations: [{ number: 1 }] })
  await expect(operations.dropOther(async () => {})).rejects.toMatchObject({ code: 'not_found' })
})

test('the backfill of a generation that is dropped stops', async () => {
  await using fixture = await fixtureOf(12)
  const { registry, writer, collection, phases, drain, work } = fixture
  await registry.begin(12)
  await work()
  await work()
  const { list } = writer
  let pages = 0
  writer.list = async (range) => {
    if (++pages === 2) await drain(1)
    return list(range)
  }
  await work()
  expect(await phases()).toEqual(['ready', 'draining'])
  expect(pages).toBe(2)
  expect(await collection(1).countDocuments()).toBe(5)
  for (let step = 0; step < 2; step++) await work()
  expect(await registry.read()).toMatchObject({ active: 0, generations: [{ number: 0 }] })
})

test('the group of a generation that is dropped before its offsets are set is not created', async () => {
  await using fixture = await fixtureOf()
  const { registry, ports, steps, storeOf, phases, drain, work } = fixture
  await registry.begin(0)
  await work()
  ports.storeOf = (generation) => ({
    ...storeOf(generation),
    prepare: async () => void (await drain(generation)),
  })
  await work()
  expect(await phases()).toEqual(['ready', 'draining'])
  expect(steps).toEqual([])
})

test('beside two generations a rebuild is refused, and the reason is the one that the operator can act on', async () => {
  await using fixture = await rebuilt()
  const { operations, drain } = fixture
  const rebuild = () => operations.rebuild(async () => {})
  await expect(rebuild()).rejects.toMatchObject({
    code: 'already_exists',
    message:
      'There are two generations of note; drop the one that queries do not use first: lockstep rebuild note --drop-old',
  })
  await drain(0)
  await expect(rebuild()).rejects.toMatchObject({
    code: 'unavailable',
    message: 'A generation of note is being dropped; try again when that is done',
  })
})
