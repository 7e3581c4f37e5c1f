import { setTimeout as sleep } from 'node:timers/promises'
import { refused } from '@lockstep/core/archive/contract.ts'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import {
  isBeingBuilt,
  isBeingDropped,
  isFed,
  type Generation,
  type GenerationGroups,
  type GenerationRegistry,
} from './generations.ts'

export type GenerationStatus = Pick<Generation, 'phase' | 'copied' | 'total' | 'startedAt'> & {
  /** Why it is being dropped, if it could not be used. */
  problem?: string | undefined
  readModel: string
  generation: number
  active: boolean
  /** Records that its group has not committed; undefined while it is not fed, and when Kafka was not asked. */
  lag: number | undefined
}

export type OnProgress = (status: GenerationStatus) => Promise<void>

/** What operators do with the generations of one read model. */
export type RebuildOperations = {
  status: () => Promise<GenerationStatus[]>
  /** Starts a rebuild, or follows the one in progress, until its generation is active. */
  rebuild: (onProgress: OnProgress) => Promise<void>
  /** Follows a generation that is being built until it is active. Rejects if it is dropped. */
  follow: (generation: number, onProgress: OnProgress) => Promise<void>
  /** Makes queries use this generation; may be repeated. Needs MongoDB only. */
  switchTo: (generation: number) => Promise<GenerationStatus>
  /** Drops the generation that queries do not use, and follows that to its end. */
  dropOther: (onProgress: OnProgress) => Promise<void>
}

const POLL_MS = 500

type OperationPorts = {
  readModel: string
  registry: GenerationRegistry
  groups: GenerationGroups
  /** About how many ids the read model has. */
  count: () => Promise<number>
}

export function rebuildOperations(ports: OperationPorts): RebuildOperations {
  const { readModel, registry, groups } = ports
  const named = (generation: number) => `generation ${generation} of ${readModel}`

  async function status(): Promise<GenerationStatus[]> {
    const { active, generations } = await registry.read()
    const ends = await groups.ends()
    return Promise.all(
      generations.map(async (generation) => {
        const lag = isFed(generation) ? await groups.lag(generation.number, ends) : undefined
        return { ...statusOf(readModel, generation, active), lag }
      }),
    )
  }

  async function follow(number: number, onProgress: OnProgress): Promise<void> {
    for (;;) {
      const followed = (await status()).find(({ generation }) => generation === number)
      if (followed?.problem !== undefined) throw refused(`${named(number)} was not used: ${followed.problem}`)
      if (!followed || isBeingDropped(followed)) {
        throw new AppError('not_found', `An operator dropped ${named(number)}`)
      }
      await onProgress(followed)
      if (followed.phase === 'ready') return
      await sleep(POLL_MS)
    }
  }

  return {
    status,
    rebuild: async (onProgress) => follow(await startOrFollow(ports), onProgress),
    follow,

    async switchTo(number) {
      const done = await registry.activate(number)
      const { generations } = await registry.read()
      const found = generations.find((each) => each.number === number)
      if (!found) throw new AppError('not_found', `There is no ${named(number)}`)
      if (isBeingDropped(found)) {
        throw new AppError('not_found', `Queries cannot use ${named(number)}: it is being dropped`)
      }
      if (!done) throw new AppError('unavailable', `Queries cannot use ${named(number)} yet: it is not ready`)
      return { ...statusOf(readModel, found, number), lag: undefined }
    },

    async dropOther(onProgress) {
      const { active, generations } = await registry.read()
      const other = generations.find(({ number }) => number !== active)
      if (!other) throw new AppError('not_found', `There is only one generation of ${readModel}`)
      for (;;) {
        const left = (await status()).find(({ generation }) => generation === other.number)
        if (!left) return
        if (left.active) throw new AppError('unavailable', `Queries use ${named(other.number)} now`)
        if (!isBeingDropped(left)) await registry.drain({ number: other.number, phase: left.phase })
        await onProgress(left)
        await sleep(POLL_MS)
      }
    },
  }
}

/** The number of the generation that is being built. */
async function startOrFollow({ readModel, registry, count }: OperationPorts): Promise<number> {
  for (;;) {
    const { generations } = await registry.read()
    const building = generations.find(isBeingBuilt)
    if (building?.from === 'snapshot') {
      throw new AppError(
        'unavailable',
        `A snapshot of ${readModel} is being restored; try again when that is done`,
      )
    }
    if (building) return building.number
    if (generations.some(isBeingDropped)) {
      throw new AppError(
        'unavailable',
        `A generation of ${readModel} is being dropped; try again when that is done`,
      )
    }
    if (generations.length > 1) throw twoGenerations(readModel)
    // Of two concurrent callers, one starts it, and the other finds it in the next round.
    const started = await registry.begin(await count())
    if (started !== undefined) return started
  }
}

/** What to do if a snapshot cannot be used. */
export function rebuildInstead(readModel: string): string {
  return `run lockstep rebuild ${readModel} instead`
}

export function twoGenerations(readModel: string): AppError {
  return new AppError(
    { kind: 'conflict', code: 'already_exists', title: 'There are two generations' },
    `There are two generations of ${readModel}; drop the one that queries do not use first: lockstep rebuild ${readModel} --drop-old`,
  )
}

function statusOf(readModel: string, generation: Generation, active: number) {
  const { number, phase, copied, total, startedAt, problem } = generation
  return {
    readModel,
    generation: number,
    phase,
    copied,
    total,
    startedAt,
    problem,
    active: number === active,
  }
}
