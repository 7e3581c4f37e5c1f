import { offsetsBetween, type GroupOffsets } from '@lockstep/core/kafka/admin/group-offsets.ts'
import { orUnavailable } from '../or-unavailable.ts'
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
    ends: () => fromKafka(() => offsets.ends(topics)),
    setOffsets: (generation, start) => fromKafka(() => offsets.set(groupOf(generation), start)),
    async lag(generation, ends) {
      const committed = await fromKafka(() => offsets.committed(groupOf(generation), topics))
      return offsetsBetween(committed, ends)
    },
    remove: (generation) => fromKafka(() => offsets.remove(groupOf(generation))),
  }
}

function fromKafka<T>(work: () => Promise<T>): Promise<T> {
  return orUnavailable('Kafka does not respond', work)
}
