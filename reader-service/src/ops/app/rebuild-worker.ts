import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '@lockstep/core/log/log.ts'
import type { Audit } from './audit.ts'
import { namesOf, type GenerationRegistry, type ModelGeneration } from './model-generations.ts'
import type { GenerationData, GenerationGroups, WriterStates } from './ports.ts'
import { KNOWN_FOR_MS } from './running-models.ts'

/** Few, so that queries of the same database do not wait long behind a write. */
const PAGE = 50
/** How long a replica keeps the work without a sign of life, ms: longer than a page takes. */
const CLAIM_MS = 20_000
/** Fewer records than this are near nothing: a group under load is never at the end. */
const NEAR = 100
/** Slow enough to leave room for queries; what is on its way longer than that is taken for lost. */
const AUDIT = { productsPerSecond: 5_000, ageLimitMs: 10_000 }
/** By then every replica has heard that a model is dropped, or knows that it has heard nothing for too long. */
const LET_GO_MS = KNOWN_FOR_MS + 2_000

export type RebuildPorts = {
  registry: GenerationRegistry
  groups: GenerationGroups
  data: GenerationData
  writer: WriterStates
  /** Compares this generation, which queries see, with the writer. Rejects in a replica that does not know yet. */
  audit: (generation: number) => Audit
  log: Log
  /** States that are written at a time. */
  pageSize?: number
  /** From when a model is dropped until its data go. */
  letGoMs?: number
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
 * replica that cannot do a step gives the work back.
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
 * What it holds the writer had before its group was seen without members. So the one in use has at least that once it
 * was compared with the writer, and what it lacks was waited for or put into it.
 */
async function retire(
  { registry, groups, audit, log }: RebuildPorts,
  generation: ModelGeneration,
  active: number,
  owner: string,
  stop: AbortSignal,
): Promise<void> {
  // Replicas leave the group within moments of seeing the phase.
  if (!(await groups.remove(namesOf(generation.number).group))) return
  await audit(active)(
    { repair: true, ...AUDIT },
    {
      onFinding: async (finding) => log.warn({ ...finding }, 'the new read model had drifted'),
      async onProgress({ compared, total }) {
        stop.throwIfAborted()
        const progress = { written: compared, total }
        const kept =
          (await registry.claim(generation, owner, CLAIM_MS)) &&
          (await registry.advance(generation, owner, progress))
        if (!kept) throw new Error('another replica has the work')
      },
    },
  )
  await registry.advance(generation, owner, { phase: 'dropping' })
}

async function drop(
  { registry, groups, data, log, letGoMs = LET_GO_MS }: RebuildPorts,
  generation: ModelGeneration,
  owner: string,
  stop: AbortSignal,
): Promise<void> {
  const { number } = generation
  // One that was called off is still fed when this begins.
  if (!(await groups.remove(namesOf(number).group))) return
  await sleep(letGoMs, undefined, { signal: stop })
  if (!(await registry.claim(generation, owner, CLAIM_MS))) return
  await data.drop(number)
  await registry.forget(number)
  log.info({ generation: number }, 'the old read model is gone')
}
