import { setTimeout as sleep } from 'node:timers/promises'
import { repeat } from '@lockstep/core/async/repeat.ts'
import { withTimeout } from '@lockstep/core/async/with-timeout.ts'
import type { Log } from '@lockstep/core/log/log.ts'
import type { ReadModelStore } from '../read-model.ts'
import type { Generation, GenerationGroups, GenerationPhase, GenerationRegistry } from './generations.ts'
import { rebuildInstead } from './rebuild-operations.ts'
import { TRUSTED_FOR_MS } from './running-generations.ts'
import type { WriterStates } from './writer-states.ts'

/**
 * States per page of the backfill. Each page costs two writes of the registry and a request to the writer. Measured on
 * the stand-in for MongoDB (states of 500 bytes, 2 busy cores): pages of 50 copy 1,000-2,700 states a second, pages of
 * 500 copy 4,000, pages of 2,000 copy 4,600. A page of the largest states (45 KB, a stock) is 22 MB.
 */
const PAGE_SIZE = 500
/** States per write: queries of the same database do not wait long for one write. */
const WRITE_SIZE = 100
/** How long a replica keeps a claim without renewing it, ms: longer than a page takes. */
export const CLAIM_MS = 20_000
/** A lag of fewer records counts as caught up: under load, the lag of a group is never 0. */
const CAUGHT_UP_LAG = 100
/** After this long, ms, each replica has read a change of the registry, or knows that its knowledge is too old. */
const READ_BY_ALL_MS = TRUSTED_FOR_MS + 2_000
const POLL_MS = 1_000
const STOP_TIMEOUT_MS = 3_000

/** A generation's store; `drop` deletes its cache epoch as well. */
export type GenerationStore = Pick<ReadModelStore, 'prepare' | 'apply' | 'drop'>

export type RebuildPorts = {
  readModel: string
  registry: GenerationRegistry
  groups: GenerationGroups
  storeOf: (generation: number) => GenerationStore
  writer: WriterStates
  /** Compares a generation with the writer; returns why it cannot be used. `onPage` may end the audit by an error. */
  audit: (generation: number, onPage: () => Promise<void>) => Promise<string | undefined>
  log: Log
  pageSize?: number
  readByAllMs?: number
}

type RebuildTask = {
  ports: RebuildPorts
  generation: Generation
  /** The replica that has the claim. */
  owner: string
  stop: AbortSignal
}

type Step = (task: RebuildTask) => Promise<void>

const steps: Record<GenerationPhase, Step | undefined> = {
  restoring: abandon,
  setting_offsets: setOffsets,
  backfilling: backfill,
  catching_up: catchUp,
  auditing: audit,
  ready: undefined,
  draining: drain,
  dropping: drop,
}

/**
 * Performs the next step of each generation. Every replica calls this repeatedly, and the one that has the claim does
 * the work. Each step is recorded when it is done and can be repeated, so another replica continues after a crash.
 *
 * The offsets are recorded before the first state is read. An event that was published before is part of the states; an
 * event that is published later comes from the topic; of an event that is in both, the version gate applies one.
 *
 * An operator can drop a generation at any moment, so a step is recorded only while its phase lasts. A replica that
 * fails or stops releases its claim.
 */
export async function workOnGenerations(
  ports: RebuildPorts,
  owner: string,
  stop: AbortSignal,
): Promise<void> {
  const { registry } = ports
  const { generations } = await registry.read()
  for (const generation of generations) {
    const step = steps[generation.phase]
    if (stop.aborted || !step) continue
    if (!(await registry.claim(generation, owner, CLAIM_MS))) continue
    try {
      await step({ ports, generation, owner, stop })
    } catch (error) {
      // If this fails too, the claim expires.
      await registry.release(generation, owner).catch(() => {})
      throw error
    }
    if (stop.aborted) await registry.release(generation, owner)
  }
}

/** Works on the generations of one read model until it is disposed of. */
export function startRebuildWorker(ports: RebuildPorts, owner: string): AsyncDisposable {
  const { log, readModel } = ports
  const stopping = new AbortController()
  const working = repeat(async () => {
    try {
      await workOnGenerations(ports, owner, stopping.signal)
    } catch (error) {
      if (!stopping.signal.aborted) log.warn({ err: error, readModel }, 'a step of the rebuild failed')
    }
  }, POLL_MS)
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort()
      // A step may wait for a writer that does not respond; the next owner repeats it.
      await withTimeout(working[Symbol.asyncDispose](), STOP_TIMEOUT_MS)
    },
  }
}

/** The replica that copied the snapshot has lost its claim: only the caller has the file, and must send it again. */
async function abandon(task: RebuildTask) {
  await giveUp(task, 'the snapshot did not arrive completely; restore it again')
}

/** Nothing incomplete becomes active. The reason stays in the registry until the generation is dropped. */
async function giveUp(
  { ports: { readModel, registry, log }, generation, owner }: RebuildTask,
  problem: string,
) {
  if (!(await registry.advance(generation, owner, { phase: 'draining', problem }))) return
  log.error({ readModel, generation: generation.number, problem }, 'a restored generation cannot be used')
}

async function setOffsets(task: RebuildTask) {
  const { generation, owner } = task
  const { registry, groups, storeOf } = task.ports
  const { number, offsets } = generation
  await storeOf(number).prepare()
  if (!offsets) {
    // Recorded before they are committed: a repetition that committed later offsets would leave a gap.
    await registry.advance(generation, owner, { offsets: await groups.ends() })
    return
  }
  // The generation may have been dropped since: its group would be created again.
  if (!(await registry.claim(generation, owner, CLAIM_MS))) return
  if (generation.from === 'snapshot') {
    const gap = await groups.gapAfter(offsets)
    if (gap !== undefined) {
      return giveUp(
        task,
        `the topic does not have all events after the snapshot: ${gap}; ${rebuildInstead(task.ports.readModel)}`,
      )
    }
  }
  await groups.setOffsets(number, offsets)
  const phase = generation.from === 'snapshot' ? 'catching_up' : 'backfilling'
  await registry.advance(generation, owner, { phase })
}

/** Page by page, after the last id that was recorded. */
async function backfill({ ports, generation, owner, stop }: RebuildTask) {
  const { readModel, registry, writer, storeOf, log, pageSize = PAGE_SIZE } = ports
  const store = storeOf(generation.number)
  let { cursor, copied } = generation
  while (!stop.aborted) {
    const page = await writer.list({ after: cursor, upTo: undefined, limit: pageSize })
    if (!(await registry.claim(generation, owner, CLAIM_MS))) return
    const states = page.flatMap(({ state }) => state ?? [])
    for (let from = 0; from < states.length; from += WRITE_SIZE) {
      await store.apply(states.slice(from, from + WRITE_SIZE))
    }
    const withoutEvent = page.find(({ state }) => state === undefined)
    if (withoutEvent) {
      const skipped = page.length - states.length
      log.error({ readModel, skipped, id: withoutEvent.id }, 'states without an event were not copied')
    }
    cursor = page.at(-1)?.id ?? cursor
    copied += states.length
    const last = page.length < pageSize
    const change = { cursor, copied, ...(last && { phase: 'catching_up' as const, total: copied }) }
    if (!(await registry.advance(generation, owner, change))) return
    if (!last) continue
    log.info({ readModel, generation: generation.number, copied }, 'the backfill is complete')
    return
  }
}

async function catchUp({ ports, generation, owner }: RebuildTask) {
  const { readModel, registry, groups, log } = ports
  const ends = await groups.ends()
  const { number, target = ends } = generation
  if (!generation.target && !(await registry.advance(generation, owner, { target }))) return
  // A small lag alone does not show that replicas feed it: it is small from the start if few events are published.
  if ((await groups.lag(number, target)) > 0) return
  const lag = await groups.lag(number, ends)
  if (lag > CAUGHT_UP_LAG) return
  if (generation.from === 'snapshot') {
    await registry.advance(generation, owner, { phase: 'auditing' })
    return
  }
  if (!(await registry.finish(generation, owner))) return
  log.info({ readModel, generation: number, lag }, 'the new generation is active')
}

/** A snapshot may be older than a repair, or than a change of the read model's definition: its events would not show. */
async function audit(task: RebuildTask) {
  const { ports, generation, owner, stop } = task
  const { readModel, registry, log } = ports
  const { number } = generation
  const problem = await ports.audit(number, async () => {
    stop.throwIfAborted()
    if (await registry.claim(generation, owner, CLAIM_MS)) return
    throw new Error('another replica has the claim on the audit')
  })
  if (problem !== undefined) return giveUp(task, `${problem}; ${rebuildInstead(readModel)}`)
  if (!(await registry.finish(generation, owner))) return
  log.info({ readModel, generation: number }, 'the restored generation is active')
}

/**
 * A replica that has not read the registry yet may answer from this generation, feed it, or be about to join its group.
 * After the wait, each replica has read it or refuses its queries; a replica that is leaving is still a member.
 */
async function drain({ ports, generation, owner, stop }: RebuildTask) {
  const { registry, groups, readByAllMs = READ_BY_ALL_MS } = ports
  await sleep(readByAllMs, undefined, { signal: stop })
  if (await groups.remove(generation.number)) {
    await registry.advance(generation, owner, { phase: 'dropping' })
  }
}

async function drop({ ports, generation }: RebuildTask) {
  const { readModel, registry, storeOf, log } = ports
  await storeOf(generation.number).drop()
  await registry.remove(generation.number)
  log.info({ readModel, generation: generation.number }, 'dropped a generation')
}
