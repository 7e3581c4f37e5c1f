import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import { namesOf, type GenerationRegistry, type ModelGeneration } from './model-generations.ts'
import type { GenerationGroups } from './ports.ts'

export type ModelStatus = Pick<ModelGeneration, 'number' | 'phase' | 'written' | 'total' | 'startedAt'> & {
  active: boolean
  /** Records that its group has not finished; undefined before it begins, and when Kafka was not asked. */
  behind: number | undefined
}

export type Rebuild = {
  status: () => Promise<ModelStatus[]>
  /** Begins another read model, or follows the one that is under way, until queries see it. */
  run: (onProgress: (status: ModelStatus) => Promise<void>) => Promise<void>
  /** Has queries see the other read model. Asks MongoDB only: who is refused after it was done would do it again. */
  switchOver: () => Promise<ModelStatus>
  /** Drops the read model that queries do not see, once the one that they see has all that it has. */
  dropOld: (onProgress: (status: ModelStatus) => Promise<void>) => Promise<void>
}

const LOOK_EVERY_MS = 500
const CATCH_UP_MS = 60_000

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
      generations.map(async ({ number, phase, written, total, startedAt }) => ({
        number,
        phase,
        written,
        total,
        startedAt,
        active: number === active,
        behind: phase === 'pinning' ? undefined : await groups.behind(namesOf(number).group, ends),
      })),
    )
  }

  async function other(): Promise<ModelGeneration> {
    const { active, generations } = await registry.read()
    const found = generations.find(({ number }) => number !== active)
    if (!found) throw new AppError('not_found', 'There is one read model only')
    return found
  }

  return {
    status,

    async run(onProgress) {
      const number = await beginOrJoin()
      for (;;) {
        const followed = (await status()).find((each) => each.number === number)
        if (!followed || followed.phase === 'dropping') {
          throw new AppError('not_found', `Read model ${number} was dropped before queries saw it`)
        }
        await onProgress(followed)
        if (followed.phase === 'ready') return
        await sleep(LOOK_EVERY_MS)
      }
    },

    async switchOver() {
      const { number, phase, written, total, startedAt } = await other()
      if (!(await registry.activate(number))) {
        throw new AppError('unavailable', `Read model ${number} is not ready yet`)
      }
      return { number, phase, written, total, startedAt, active: true, behind: undefined }
    },

    async dropOld(onProgress) {
      const { number, phase } = await other()
      if (phase === 'ready') await untilCaughtUp(number)
      if (!(await registry.drop(number))) throw new AppError('unavailable', 'Queries see that read model')
      for (;;) {
        const left = (await status()).find((each) => each.number === number)
        if (!left) return
        await onProgress(left)
        await sleep(LOOK_EVERY_MS)
      }
    },
  }

  /** The number of the generation that is under way. */
  async function beginOrJoin(): Promise<number> {
    for (;;) {
      const { generations } = await registry.read()
      const underWay = generations.find(({ phase }) => phase !== 'ready' && phase !== 'dropping')
      if (underWay) return underWay.number
      if (generations.length > 1) {
        throw new AppError('already_exists', 'There are two read models; drop the old one first')
      }
      // Of two that begin at once one begins, and the other finds it at the next look.
      const begun = await registry.begin(await count())
      if (begun !== undefined) return begun
    }
  }

  /**
   * Nobody who was answered from the old one is to meet an older version. Both go on meanwhile, so each look asks anew
   * what the old one has finished. What it applies without having committed it, or between the last look and the moment
   * in which the replicas let it go, is not covered (ADR 0012).
   */
  async function untilCaughtUp(old: number): Promise<void> {
    const { active } = await registry.read()
    const giveUpAt = performance.now() + CATCH_UP_MS
    const behind = async () => groups.behind(namesOf(active).group, await groups.finished(namesOf(old).group))
    while ((await behind()) > 0) {
      if (performance.now() > giveUpAt) {
        throw new AppError('unavailable', `Read model ${active} is behind the old one; try again later`)
      }
      await sleep(LOOK_EVERY_MS)
    }
  }
}
