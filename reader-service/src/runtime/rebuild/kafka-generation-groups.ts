import { AppError } from '@lockstep/core/errors/app-error.ts'
import { offsetsBetween, type GroupOffsets } from '@lockstep/core/kafka/admin/group-offsets.ts'
import { generationNames, type GenerationGroups } from './generations.ts'

/**
 * @param topics what every generation consumes: the events of its aggregate and the retry topic of the first
 *   generation's group. A record that one generation cannot apply, the others cannot apply either.
 */
export function kafkaGenerationGroups(options: {
  offsets: GroupOffsets
  readModel: string
  topics: readonly string[]
}): GenerationGroups {
  const { offsets, readModel, topics } = options
  const groupOf = (generation: number) => generationNames(readModel, generation).group
  return {
    ends: () => orUnavailable(offsets.ends(topics)),
    setOffsets: (generation, start) => orUnavailable(offsets.set(groupOf(generation), start)),
    async lag(generation, ends) {
      const committed = await orUnavailable(offsets.committed(groupOf(generation), topics))
      return offsetsBetween(committed, ends)
    },
    remove: (generation) => orUnavailable(offsets.remove(groupOf(generation))),
  }
}

async function orUnavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw new AppError('unavailable', `Kafka does not respond: ${(error as Error).message}`, { cause: error })
  }
}
