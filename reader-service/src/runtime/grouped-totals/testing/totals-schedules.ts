import { applyContributions, type SlotStore } from '../apply-contributions.ts'
import { combine, type Contribution, type GroupTotals, type Slot } from '../slots.ts'

/*
 * Random schedules of everything that can happen to the events of some aggregates on their way into the totals. The real
 * `applyContributions` runs against a store in memory; at each of its calls, anything else may happen first.
 */

/** At random, but the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296
  }
}

const ids = ['p', 'q']
const groups = ['a', 'b', 'c']

/** A bug that is planted: it wraps the store, or replaces how a batch is applied. */
export type Planted = {
  store?: (store: SlotStore, slots: Map<number, Slot>) => SlotStore
  apply?: (store: SlotStore, batch: readonly Contribution[], slots: number) => Promise<unknown>
  /** Commits the offsets before the batch is applied. */
  commitsFirst?: true
}

type History = {
  /** What the topic has, in its order. */
  log: Contribution[]
  /** All versions of each id, in order. */
  byId: Map<string, Contribution[]>
  /** How many versions of an id were published before the offsets were set: only a backfill has them. */
  before: Map<string, number>
  backfill: boolean
}

/** Versions that move between groups and are deleted; some are lost, and some are repeated late. */
function historyOf(random: () => number): History {
  const byId = new Map<string, Contribution[]>(ids.map((id) => [id, []]))
  const all: Contribution[] = []
  const count = 3 + Math.floor(random() * 7)
  for (let index = 0; index < count; index++) {
    const id = pick(random, ids)
    const versions = byId.get(id)!
    const version = versions.length + 1
    if (versions.at(-1)?.deleted) continue
    const deleted = version > 1 && random() < 0.12
    const share = { group: pick(random, groups), value: 1 + Math.floor(random() * 9) }
    const state: Contribution = { id, version, deleted, at: new Date(index), ...(!deleted && { share }) }
    versions.push(state)
    all.push(state)
  }
  const start = random() < 0.5 ? Math.floor(random() * all.length) : 0
  const log: Contribution[] = []
  for (const state of all.slice(start)) {
    const versions = byId.get(state.id)!
    if (random() < 0.12 && versions.at(-1) !== state) continue
    log.push(state)
    if (random() < 0.3) log.push(versions[Math.floor(random() * state.version)]!)
  }
  const before = new Map(ids.map((id) => [id, all.slice(0, start).filter((state) => state.id === id).length]))
  return { log, byId, before, backfill: start > 0 || random() < 0.3 }
}

/** Work that stops at each call of the store until `next` lets it continue. */
type Actor = { next: () => Promise<boolean> }

/** Starts `work` with a store that waits before each call. An actor whose `next` is never called again has crashed. */
function actor(store: SlotStore, work: (store: SlotStore) => Promise<unknown>): Actor {
  let turn = Promise.withResolvers<void>()
  let reached = Promise.withResolvers<void>()
  const pause = () => {
    turn = Promise.withResolvers<void>()
    reached.resolve()
    return turn.promise
  }
  const paused: SlotStore = {
    read: (numbers) => pause().then(() => store.read(numbers)),
    // One slot after another: the store writes each of them in one step, but not all together.
    async write(slots) {
      const lost = new Set<number>()
      for (const slot of slots) {
        await pause()
        for (const number of await store.write([slot])) lost.add(number)
      }
      return lost
    },
  }
  let done = false
  let started = false
  return {
    async next() {
      reached = Promise.withResolvers<void>()
      if (!started) {
        started = true
        void work(paused).then(() => {
          done = true
          reached.resolve()
        })
      } else turn.resolve()
      await reached.promise
      return done
    },
  }
}

function memorySlots(slots: Map<number, Slot>): SlotStore {
  return {
    read: async (numbers) => numbers.flatMap((number) => structuredClone(slots.get(number)) ?? []),
    write: async (written) => {
      const lost = new Set<number>()
      for (const slot of written) {
        if ((slots.get(slot.number)?.seq ?? 0) === slot.seq) {
          slots.set(slot.number, { ...slot, seq: slot.seq + 1 })
        } else lost.add(slot.number)
      }
      return lost
    },
  }
}

const newestOf = (batch: readonly Contribution[]) => {
  const newest = new Map<string, Contribution>()
  for (const state of batch)
    if (state.version > (newest.get(state.id)?.version ?? 0)) newest.set(state.id, state)
  return [...newest.values()]
}

type Member = { epoch: number; next: number; end: number; job: Actor | undefined }

const MOST_STEPS = 8_000

/**
 * One schedule: members of a consumer group that crash, are replaced while they still run and repeat what was not
 * committed, and a backfill that dies and begins again. Returns the totals at its end, and those that are right.
 */
export async function playSchedule(
  seed: number,
  planted: Planted = {},
): Promise<{ actual: GroupTotals[]; expected: GroupTotals[] }> {
  const random = randomOf(seed)
  const { log, byId, before, backfill } = historyOf(random)
  const slotCount = 1 + (seed % 2)
  const slots = new Map<number, Slot>()
  const memory = memorySlots(slots)
  const store = planted.store?.(memory, slots) ?? memory
  const apply = planted.apply ?? applyContributions
  const start = (batch: readonly Contribution[]) =>
    actor(store, (paused) => apply(paused, newestOf(batch), slotCount))

  let committed = 0
  let epoch = 0
  const members: Member[] = []
  const join = () => members.push({ epoch: ++epoch, next: committed, end: 0, job: undefined })
  const remove = <T>(from: T[], each: T) => void from.splice(from.indexOf(each), 1)
  join()
  let page: Actor | undefined
  let filled = !backfill
  const zombies: Actor[] = []
  /** The writer's states when the backfill reads them. */
  const states = () =>
    ids.flatMap((id) => {
      const versions = byId.get(id)!
      const lowest = Math.max(1, before.get(id)!)
      return versions.length === 0
        ? []
        : [versions[lowest - 1 + Math.floor(random() * (versions.length - lowest + 1))]!]
    })
  let faults = Math.floor(random() * 6)

  for (let step = 0; step < MOST_STEPS; step++) {
    if (faults > 0 && random() < 0.06) {
      faults--
      const fault = random()
      if (fault < 0.35) members.splice(Math.floor(random() * members.length), 1)
      else if (fault < 0.6 && page) {
        if (random() < 0.5) zombies.push(page)
        page = undefined
      } else join()
      if (members.every((member) => member.epoch !== epoch)) join()
      continue
    }
    if (!filled && !page && random() < 0.3) {
      page = start(states())
      continue
    }
    const chosen = pick(random, [...members, ...(page ? [page] : []), ...zombies])
    if (chosen === page) {
      if (await page.next()) [page, filled] = [undefined, true]
    } else if (!('epoch' in chosen)) {
      if ((await chosen.next()) || random() < 0.02) remove(zombies, chosen)
    } else if (chosen.job) {
      if (!(await chosen.job.next())) continue
      chosen.job = undefined
      chosen.next = chosen.end
      if (chosen.epoch === epoch) committed = chosen.end
      else remove(members, chosen)
    } else if (chosen.epoch !== epoch) remove(members, chosen)
    else if (chosen.next < log.length) {
      chosen.end = Math.min(log.length, chosen.next + 1 + Math.floor(random() * 4))
      if (planted.commitsFirst) committed = chosen.end
      chosen.job = start(log.slice(chosen.next, chosen.end))
    } else if (members.length === 1 && filled && !page && zombies.length === 0) {
      return { actual: combine([...slots.values()]), expected: totalsIn(byId) }
    }
  }
  throw new Error(`the schedule ${seed} does not end`)
}

function totalsIn(byId: ReadonlyMap<string, readonly Contribution[]>): GroupTotals[] {
  const last = [...byId.values()].flatMap((versions) => versions.at(-1)?.share ?? [])
  return combine(
    last.map(({ group, value }) => ({ totals: [{ group, count: 1, sum: value, min: value, max: value }] })),
  )
}

function pick<T>(random: () => number, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)]!
}
