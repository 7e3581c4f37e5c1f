import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '@lockstep/core/log/log.ts'
import type { ProductState } from '../../product/domain/product.ts'
import { namesOf, type GenerationRegistry, type ModelGeneration } from './generations.ts'
import type { GenerationData, GenerationGroups, WriterStates } from './writer-states.ts'
import { KNOWN_FOR_MS } from './running-generations.ts'

/** Few, so that queries of the same database do not wait long behind a write. */
const PAGE = 50
/** How long a replica keeps the work without a sign of life, ms: longer than a page takes. */
const CLAIM_MS = 20_000
/** Fewer records than this are near nothing: a group under load is never at the end. */
const NEAR = 100
/** By then every replica has heard of a phase, or knows that it has heard nothing for too long, ms. */
const HEAR_WITHIN_MS = KNOWN_FOR_MS + 2_000

export type RebuildPorts = {
  registry: GenerationRegistry
  groups: GenerationGroups
  data: GenerationData
  writer: WriterStates
  /** Brings this generation, which queries see, up to the states. Rejects in a replica that does not know yet. */
  take: (generation: number, states: readonly ProductState[]) => Promise<void>
  log: Log
  /** States that are written at a time. */
  pageSize?: number
  hearWithinMs?: number
}

/**
 * Does what there is to do on the generations, step by step; called again and again in every replica, and done in one:
 * whoever has the claim. Each step is noted when it is done and may be repeated, so another replica goes on where one
 * died.
 *
 * The offsets are pinned before the first state is read. An event that was published before that is in the states; one
 * that is published later comes from the topic; one that is in both meets the gate on the version.
 *
 * An operator may drop the generation at any moment, so what is noted is noted only while the step's phase lasts. A
 * replica that cannot do a step, or stops, gives the work back.
 */
export async function workOnGenerations(
  ports: RebuildPorts,
  owner: string,
  stop: AbortSignal,
): Promise<void> {
  const { registry } = ports
  const { active, generations } = await registry.read()
  for (const generation of generations) {
    if (stop.aborted || generation.phase === 'ready') continue
    if (!(await registry.claim(generation, owner, CLAIM_MS))) continue
    try {
      await step(ports, generation, active, owner, stop)
    } catch (error) {
      // Otherwise it runs out.
      await registry.release(generation, owner).catch(() => {})
      throw error
    }
    if (stop.aborted) await registry.release(generation, owner)
  }
}

function step(
  ports: RebuildPorts,
  generation: ModelGeneration,
  active: number,
  owner: string,
  stop: AbortSignal,
): Promise<void> {
  switch (generation.phase) {
    case 'pinning':
      return pin(ports, generation, active, owner)
    case 'filling':
      return fill(ports, generation, owner, stop)
    case 'filled':
      return switchWhenNear(ports, generation, owner)
    case 'ready':
      return Promise.resolve()
    case 'retiring':
      return retire(ports, generation, active, owner, stop)
    case 'dropping':
      return drop(ports, generation, owner, stop)
  }
}

async function pin(
  { registry, groups, data }: RebuildPorts,
  generation: ModelGeneration,
  active: number,
  owner: string,
): Promise<void> {
  const { number, pins } = generation
  await data.prepare(number, active)
  if (!pins) {
    // Noted first, so that whoever repeats this commits the same: later ones would leave a gap.
    await registry.advance(generation, owner, { pins: await groups.ends() })
    return
  }
  await groups.pin(namesOf(number).group, pins)
  await registry.advance(generation, owner, { phase: 'filling' })
}

async function fill(
  ports: RebuildPorts,
  generation: ModelGeneration,
  owner: string,
  stop: AbortSignal,
): Promise<void> {
  const { number } = generation
  const into = (states: readonly ProductState[]) => ports.data.apply(number, states)
  if (!(await copyStates(ports, generation, { into, next: 'filled' }, owner, stop))) return
  ports.log.info({ generation: number }, 'the new read model has all states of the writer')
}

/** Page by page, behind the last id that was noted; true when it is through. */
async function copyStates(
  { registry, writer, pageSize = PAGE }: RebuildPorts,
  generation: ModelGeneration,
  {
    into,
    next,
  }: { into: (states: readonly ProductState[]) => Promise<void>; next: ModelGeneration['phase'] },
  owner: string,
  stop: AbortSignal,
): Promise<boolean> {
  let { cursor, written } = generation
  while (!stop.aborted) {
    const page = await writer.list({ after: cursor, upTo: undefined, limit: pageSize })
    if (!(await registry.claim(generation, owner, CLAIM_MS))) return false
    await into(page.map(({ state }) => state))
    cursor = page.at(-1)?.state.id ?? cursor
    written += page.length
    const done = page.length < pageSize
    const change = { cursor, written, ...(done && { phase: next, total: written }) }
    if (!(await registry.advance(generation, owner, change))) return false
    if (done) return true
  }
  return false
}

async function switchWhenNear(
  { registry, groups, log }: RebuildPorts,
  generation: ModelGeneration,
  owner: string,
): Promise<void> {
  const { number } = generation
  const behind = await groups.behind(namesOf(number).group, await groups.ends())
  if (behind > NEAR) return
  if (!(await registry.present(generation, owner))) return
  log.info({ generation: number, behind }, 'queries see the new read model')
}

/**
 * What it holds the writer had before nobody fed it any more. So the one in use has at least that once it has the states
 * that the writer has afterwards.
 */
async function retire(
  ports: RebuildPorts,
  generation: ModelGeneration,
  active: number,
  owner: string,
  stop: AbortSignal,
): Promise<void> {
  if (generation.cursor === undefined && !(await isLeftAlone(ports, generation, stop))) return
  const into = (states: readonly ProductState[]) => ports.take(active, states)
  await copyStates(ports, generation, { into, next: 'dropping' }, owner, stop)
}

/**
 * A replica that has not heard yet may be no member of the group at this moment and join it in the next. Later each has
 * heard, and one that is on its way out is a member still.
 */
async function isLeftAlone(
  { groups, hearWithinMs = HEAR_WITHIN_MS }: RebuildPorts,
  { number }: ModelGeneration,
  stop: AbortSignal,
): Promise<boolean> {
  await sleep(hearWithinMs, undefined, { signal: stop })
  return groups.remove(namesOf(number).group)
}

async function drop(
  ports: RebuildPorts,
  generation: ModelGeneration,
  owner: string,
  stop: AbortSignal,
): Promise<void> {
  const { registry, data, log } = ports
  const { number } = generation
  if (!(await isLeftAlone(ports, generation, stop))) return
  if (!(await registry.claim(generation, owner, CLAIM_MS))) return
  await data.drop(number)
  await registry.forget(number)
  log.info({ generation: number }, 'the old read model is gone')
}
