import type { RedisConnection } from '@lockstep/core/redis/client.ts'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { Lease } from '../../app/ports.ts'
import { productAt } from '../../../testing/products.ts'
import type { ProductState } from '../../domain/product.ts'
import { entryKey, redisProductCache } from './product-cache.ts'
import { redisProjectedCache } from './projected-cache.ts'
import { anyGeneration, connectedRedis, openGeneration } from '../../../testing/redis.ts'

/*
 * A small model of the cache, run exhaustively: every order in which the steps of some actors can follow
 * each other, each order on an id of its own, with the real scripts on a real Redis. The model that the
 * cache stands before is a variable with the gate on versions.
 */

const number = anyGeneration()
const generation = openGeneration(number)
let connection: RedisConnection
let cache: ReturnType<typeof redisProductCache>
let projected: ReturnType<typeof redisProjectedCache>

beforeAll(async () => {
  connection = await connectedRedis(inject('redisUrl'), 5_000)
  cache = redisProductCache({ connection, generation, ttlMs: 60_000 })
  projected = redisProjectedCache({ connection, generation, ttlMs: 60_000, owedLimitMs: 1, maxAgeMs: 1 })
})
afterAll(() => connection[Symbol.asyncDispose]())

type World = {
  id: string
  /** What the database holds; 0 for nothing. */
  model: number
  /** Cache writes that are still to come for what the model took. */
  owed: number
}
type Step = { name: string; run: (world: World) => Promise<void> | void }
/** Makes the steps of one actor, which come in this order. */
type Actor = () => Step[]

const reader: Actor = () => {
  let lease: Lease | undefined
  let read: ProductState | undefined
  return [
    {
      name: 'take lease',
      run: async ({ id }) => {
        const answer = await cache.read(id)
        if (answer.kind === 'miss') lease = answer.lease
      },
    },
    {
      name: 'read model',
      run: ({ id, model }) => {
        if (model > 0) read = productAt(id, model)
      },
    },
    {
      name: 'fill',
      run: async () => {
        if (lease && read) await cache.fill(lease, read)
      },
    },
  ]
}

const projection =
  (version: number): Actor =>
  () => {
    let applied = false
    return [
      {
        name: `write model, version ${version}`,
        run: (world) => {
          applied = version > world.model
          world.model = Math.max(world.model, version)
          world.owed += 1
        },
      },
      {
        name: `write cache, version ${version}`,
        run: async (world) => {
          await projected.settle([{ state: productAt(world.id, version), applied }])
          world.owed -= 1
        },
      },
    ]
  }

/** Writes the model and dies; whoever takes over gets the event again. */
const crashAndRedelivery =
  (version: number): Actor =>
  () => [...projection(version)().slice(0, 1), ...projection(version)().map(onceOwed)]

/** The debt of the one who died passes to the one who took over. */
function onceOwed(step: Step): Step {
  const run = async (world: World) => {
    const { owed } = world
    await step.run(world)
    world.owed = Math.min(owed, world.owed)
  }
  return { ...step, run }
}

/** Eviction of the entry or of the lease; a flush is no different for one id. */
const eviction: Actor = () => [
  {
    name: 'evict',
    run: async ({ id }) => void (await connection.redis.del(entryKey(connection, number, id)!)),
  },
]

/** Every order of the steps of all actors, as lists of actors: each takes its next step. */
function* orders(left: number[]): Generator<number[]> {
  if (left.every((steps) => steps === 0)) yield []
  for (const [actor, steps] of left.entries()) {
    if (steps === 0) continue
    for (const rest of orders(left.with(actor, steps - 1))) yield [actor, ...rest]
  }
}

async function entryVersion(id: string): Promise<number | undefined> {
  const version = await connection.redis.hget(entryKey(connection, number, id)!, 'version')
  return version === null ? undefined : Number(version)
}

type Start = { model: number; cached: boolean }

async function play(
  start: Start,
  actors: readonly Actor[],
  order: readonly number[],
): Promise<string | undefined> {
  const world: World = { id: crypto.randomUUID(), model: start.model, owed: 0 }
  if (start.cached) for (const step of reader()) await step.run(world)
  const steps = actors.map((actor) => actor())
  const done: string[] = []
  for (const actor of order) {
    const step = steps[actor]!.shift()!
    await step.run(world)
    done.push(step.name)
    if (world.owed > 0) continue
    const cached = await entryVersion(world.id)
    if (cached !== undefined && cached !== world.model) {
      return `after ${done.join(', ')}: the model has ${world.model}, the cache ${cached}`
    }
  }
  return undefined
}

async function playAll(
  start: Start,
  actors: readonly Actor[],
): Promise<{ played: number; failures: string[] }> {
  const all = orders(actors.map((actor) => actor().length))
  const failures: string[] = []
  let played = 0
  async function lane(): Promise<void> {
    for (const order of all) {
      const failure = await play(start, actors, order)
      played += 1
      if (failure !== undefined) failures.push(failure)
    }
  }
  await Promise.all(Array.from({ length: 50 }, lane))
  return { played, failures }
}

const starts: Start[] = [
  { model: 0, cached: false },
  { model: 1, cached: false },
  { model: 1, cached: true },
]

test.each(starts)(
  'a fill that read an old version before an update never stores it after: %o',
  async (start) => {
    const { played, failures } = await playAll(start, [reader, projection(2), eviction, eviction])
    expect(played).toBe(420)
    expect(failures).toEqual([])
  },
)

test.each(starts)('two fills, an update and an eviction: %o', async (start) => {
  const { played, failures } = await playAll(start, [reader, reader, projection(2), eviction])
  expect(played).toBe(5_040)
  expect(failures).toEqual([])
})

test.each(starts)('a crash between the two writes is mended by the redelivery: %o', async (start) => {
  const { played, failures } = await playAll(start, [reader, crashAndRedelivery(2), eviction])
  expect(played).toBe(140)
  expect(failures).toEqual([])
})

test.each(starts)(
  'a projection that lost its partition between its two writes puts nothing old in place: %o',
  async (start) => {
    const { played, failures } = await playAll(start, [reader, projection(2), projection(3), eviction])
    expect(played).toBe(1_680)
    expect(failures).toEqual([])
  },
)
