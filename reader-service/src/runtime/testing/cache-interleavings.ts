import { parseEntry } from '../cache/cache-entries.ts'
import type { EncodedItem } from '../queries/definition.ts'
import { encodedItem, type Lease } from '../queries/load-item.ts'
import type { SourceState } from '../read-model.ts'
import type { Replica } from './replica.ts'

/*
 * A small model of the cache, run exhaustively: every order in which the steps of some actors can follow each other,
 * each order on its own id, with the real scripts on a real Redis. A variable with a version gate replaces the store.
 */

type World = {
  replica: Replica
  state: (id: string, version: number) => SourceState
  id: string
  /** The version in the store; 0 for none. */
  stored: number
  /** Cache writes that must still follow writes of the store. */
  pending: number
}
type Step = { name: string; run: (world: World) => Promise<void> | void }
/** Creates the steps of one actor, which happen in this order. */
export type Actor = () => Step[]

export const reader: Actor = () => {
  let lease: Lease | undefined
  let read: EncodedItem | undefined
  return [
    {
      name: 'take a lease',
      run: async ({ replica, id }) => {
        const cached = await replica.cache.read(id)
        if (cached.kind === 'miss') lease = cached.lease
      },
    },
    {
      name: 'read the store',
      run: ({ replica: { items }, state, id, stored }) => {
        if (stored > 0) read = encodedItem(items, items.ofState(state(id, stored)))
      },
    },
    {
      name: 'fill',
      run: async ({ replica }) => {
        if (lease && read) await replica.cache.fill(lease, read)
      },
    },
  ]
}

export const projection =
  (version: number): Actor =>
  () => {
    let applied = false
    return [
      {
        name: `write the store, version ${version}`,
        run: (world) => {
          applied = version > world.stored
          world.stored = Math.max(world.stored, version)
          world.pending += 1
        },
      },
      {
        name: `write the cache, version ${version}`,
        run: async (world) => {
          await world.replica.projectedCache.update([{ state: world.state(world.id, version), applied }])
          world.pending -= 1
        },
      },
    ]
  }

/** Writes the store and crashes; another projector gets the same event. */
export const crashAndRedelivery =
  (version: number): Actor =>
  () => [...projection(version)().slice(0, 1), ...projection(version)().map(pendingOnce)]

/** The cache write of the projector that crashed is now that of the other one. */
function pendingOnce(step: Step): Step {
  const run = async (world: World) => {
    const { pending } = world
    await step.run(world)
    world.pending = Math.min(pending, world.pending)
  }
  return { ...step, run }
}

/** Eviction of the entry or of the lease; for one id, a flush is the same. */
export const eviction: Actor = () => [
  { name: 'evict', run: async ({ replica, id }) => void (await replica.redis.del(replica.keyOf(id))) },
]

/** Every order of the steps of all actors, as lists of actors: each performs its next step. */
function* orders(left: number[]): Generator<number[]> {
  if (left.every((steps) => steps === 0)) yield []
  for (const [actor, steps] of left.entries()) {
    if (steps === 0) continue
    for (const rest of orders(left.with(actor, steps - 1))) yield [actor, ...rest]
  }
}

async function entryVersion({ replica, id }: World): Promise<number | undefined> {
  const text = await replica.redis.get(replica.keyOf(id))
  return text === null ? undefined : parseEntry(text)?.version
}

export type Start = { stored: number; cached: boolean }

export const starts: Start[] = [
  { stored: 0, cached: false },
  { stored: 1, cached: false },
  { stored: 1, cached: true },
]

/** Returns the first violation of the order. */
async function play(
  world: World,
  start: Start,
  actors: readonly Actor[],
  order: readonly number[],
): Promise<string | undefined> {
  if (start.cached) for (const step of reader()) await step.run(world)
  const steps = actors.map((actor) => actor())
  const done: string[] = []
  for (const actor of order) {
    const step = steps[actor]!.shift()!
    await step.run(world)
    done.push(step.name)
    if (world.pending > 0) continue
    const cached = await entryVersion(world)
    if (cached !== undefined && cached !== world.stored) {
      return `after ${done.join(', ')}: the store has ${world.stored}, the cache ${cached}`
    }
  }
  return undefined
}

export async function playAll(
  replica: Replica,
  state: World['state'],
  start: Start,
  actors: readonly Actor[],
): Promise<{ played: number; failures: string[] }> {
  const all = orders(actors.map((actor) => actor().length))
  const failures: string[] = []
  let played = 0
  async function playSome(): Promise<void> {
    for (const order of all) {
      const world = { replica, state, id: crypto.randomUUID(), stored: start.stored, pending: 0 }
      const failure = await play(world, start, actors, order)
      played += 1
      if (failure !== undefined) failures.push(failure)
    }
  }
  await Promise.all(Array.from({ length: 50 }, playSome))
  return { played, failures }
}
