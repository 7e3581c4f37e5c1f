import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import { isFed, namesOf, type GenerationRegistry, type ModelGeneration } from './model-generations.ts'
import type { GenerationGroups } from './ports.ts'

export type ModelStatus = Pick<ModelGeneration, 'number' | 'phase' | 'written' | 'total' | 'startedAt'> & {
  active: boolean
  /** Records that its group has not finished; undefined while it is not fed, and when Kafka was not asked. */
  behind: number | undefined
}

export type Rebuild = {
  status: () => Promise<ModelStatus[]>
  /** Begins another read model, or follows the one that is under way, until queries see it. */
  run: (onProgress: (status: ModelStatus) => Promise<void>) => Promise<void>
  /** Has queries see this read model, however often it is asked. Asks MongoDB only. */
  switchTo: (number: number) => Promise<ModelStatus>
  /** Drops the read model that queries do not see. It goes once that one has all that it has. */
  dropOld: (onProgress: (status: ModelStatus) => Promise<void>) => Promise<void>
}

const LOOK_EVERY_MS = 500

export function rebuildOf(ports: {
  registry: GenerationRegistry
  groups: GenerationGroups
  /** About how many products there are. */
  count: () => Promise<number>
}): Rebuild {
  const { registry, groups, count } = ports

  async function status(): Promise<ModelStatus[]> {
    const { active, generations } = await registry.read()
    const ends = await groups.ends()
    return Promise.all(
      generations.map(async (generation) => ({
        ...statusOf(generation, active),
        behind: isFed(generation) ? await groups.behind(namesOf(generation.number).group, ends) : undefined,
      })),
    )
  }

  return {
    status,

    async run(onProgress) {
      const number = await beginOrJoin()
      for (;;) {
        const followed = (await status()).find((each) => each.number === number)
        if (!followed || isGoing(followed)) {
          throw new AppError('not_found', `Read model ${number} was dropped before queries saw it`)
        }
        await onProgress(followed)
        if (followed.phase === 'ready') return
        await sleep(LOOK_EVERY_MS)
      }
    },

    async switchTo(number) {
      const done = await registry.activate(number)
      const { generations } = await registry.read()
      const found = generations.find((each) => each.number === number)
      if (!found) throw new AppError('not_found', `There is no read model ${number}`)
      if (isGoing(found)) throw new AppError('not_found', `Read model ${number} is being dropped`)
      if (!done) throw new AppError('unavailable', `Read model ${number} is not ready yet`)
      return { ...statusOf(found, number), behind: undefined }
    },

    async dropOld(onProgress) {
      const { active, generations } = await registry.read()
      const old = generations.find(({ number }) => number !== active)
      if (!old) throw new AppError('not_found', 'There is one read model only')
      for (;;) {
        const left = (await status()).find(({ number }) => number === old.number)
        if (!left) return
        if (left.active) throw new AppError('unavailable', `Queries see read model ${left.number} now`)
        if (!isGoing(left)) await registry.drop(left, await count())
        await onProgress(left)
        await sleep(LOOK_EVERY_MS)
      }
    },
  }

  /** The number of the generation that is under way. */
  async function beginOrJoin(): Promise<number> {
    for (;;) {
      const { generations } = await registry.read()
      const underWay = generations.find((each) => each.phase !== 'ready' && !isGoing(each))
      if (underWay) return underWay.number
      if (generations.length > 1) {
        throw new AppError(
          { kind: 'conflict', code: 'already_exists', title: 'There are two read models' },
          'There are two read models; drop the old one first',
        )
      }
      // Of two that begin at once one begins, and the other finds it at the next look.
      const begun = await registry.begin(await count())
      if (begun !== undefined) return begun
    }
  }
}

function statusOf({ number, phase, written, total, startedAt }: ModelGeneration, active: number) {
  return { number, phase, written, total, startedAt, active: number === active }
}

function isGoing({ phase }: Pick<ModelGeneration, 'phase'>): boolean {
  return phase === 'retiring' || phase === 'dropping'
}
