import type { Log } from '@lockstep/core/log/log.ts'
import { NEAR, namesOf, type GenerationRegistry, type ModelGeneration } from './model-generations.ts'
import type { GenerationData, GenerationGroups, WriterStates } from './ports.ts'

/** Few, so that queries of the same database do not wait long behind a write. */
const PAGE = 50
/** How long a replica keeps the work without a sign of life, ms: longer than a page takes. */
const CLAIM_MS = 20_000

export type RebuildPorts = {
  registry: GenerationRegistry
  groups: GenerationGroups
  data: GenerationData
  writer: WriterStates
  log: Log
  /** States that are written at a time. */
  pageSize?: number
}

/**
 * Does what there is to do on the generations, step by step; called again and again in every replica, and done in one:
 * whoever has the claim. Each step is noted when it is done and may be repeated, so another replica goes on where one
 * died.
 *
 * The offsets are pinned before the first state is read. An event that was published before that is in the states; one
 * that is published later comes from the topic; one that is in both meets the gate on the version.
 *
 * An operator may drop the generation at any moment, so what is noted is noted only while the step's phase lasts.
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
    if (generation.phase === 'pinning') await pin(ports, generation, active, owner)
    else if (generation.phase === 'filling') await fill(ports, generation, owner, stop)
    else if (generation.phase === 'filled') await switchWhenNear(ports, generation, owner)
    else if (generation.phase === 'retiring') await retire(ports, generation, active, owner)
    else await drop(ports, generation)
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
  { registry, data, writer, log, pageSize = PAGE }: RebuildPorts,
  generation: ModelGeneration,
  owner: string,
  stop: AbortSignal,
): Promise<void> {
  const { number, cursor, written } = generation
  let after = cursor
  let count = written
  while (!stop.aborted) {
    const page = await writer.list({ after, upTo: undefined, limit: pageSize })
    if (!(await registry.claim(generation, owner, CLAIM_MS))) return
    await data.apply(
      number,
      page.map(({ state }) => state),
    )
    after = page.at(-1)?.state.id ?? after
    count += page.length
    const done = page.length < pageSize
    const change = { cursor: after, written: count, ...(done && { phase: 'filled' as const, total: count }) }
    if (!(await registry.advance(generation, owner, change))) return
    if (done) {
      log.info({ generation: number, written: count }, 'the new read model has all states of the writer')
      return
    }
  }
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
 * What it holds was published before its group was seen without members. The one in use has all of that once it is past
 * there, or past all that there is now: a topic that was made again never comes to where the old one was.
 */
async function retire(
  { registry, groups }: RebuildPorts,
  generation: ModelGeneration,
  active: number,
  owner: string,
): Promise<void> {
  const { number, fedUpTo } = generation
  // Replicas leave the group within moments of seeing the phase.
  if (!(await groups.remove(namesOf(number).group))) return
  const ends = await groups.ends()
  if (!fedUpTo) {
    await registry.advance(generation, owner, { fedUpTo: ends })
    return
  }
  const { group } = namesOf(active)
  if ((await groups.behind(group, fedUpTo)) > 0 && (await groups.behind(group, ends)) > 0) return
  await registry.advance(generation, owner, { phase: 'dropping' })
}

async function drop(
  { registry, groups, data, log }: RebuildPorts,
  { number }: ModelGeneration,
): Promise<void> {
  // One that was never ready is still fed when this begins.
  if (!(await groups.remove(namesOf(number).group))) return
  await data.drop(number)
  await registry.forget(number)
  log.info({ generation: number }, 'the old read model is gone')
}
