import { offsetsBetween, type GroupOffsets } from '@lockstep/core/kafka/admin/group-offsets.ts'
import { orUnavailable } from '../or-unavailable.ts'
import { generationNames, type GenerationGroups, type TopicOffsets } from './generations.ts'

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
    position: (generation) =>
      fromKafka(async () => {
        const committed = await offsets.committed(groupOf(generation), topics)
        const starts = await offsets.starts(topics)
        return Object.fromEntries(topics.map((topic) => [topic, { ...starts[topic], ...committed[topic] }]))
      }),
    gapAfter: (start) =>
      fromKafka(async () => gapBetween(start, await offsets.starts(topics), await offsets.ends(topics))),
    cluster: () => fromKafka(() => offsets.cluster()),
    setOffsets: (generation, start) => fromKafka(() => offsets.set(groupOf(generation), start)),
    async lag(generation, ends) {
      const committed = await fromKafka(() => offsets.committed(groupOf(generation), topics))
      return offsetsBetween(committed, ends)
    },
    remove: (generation) => fromKafka(() => offsets.remove(groupOf(generation))),
  }
}

/** Of a topic that was created again, only offsets above its end can be recognised. */
export function gapBetween(
  start: TopicOffsets,
  starts: TopicOffsets,
  ends: TopicOffsets,
): string | undefined {
  for (const [topic, partitions] of Object.entries(start)) {
    for (const [partition, offset] of Object.entries(partitions)) {
      const [first, end] = [starts[topic]?.[partition], ends[topic]?.[partition]]
      const place = `partition ${partition} of ${topic}`
      if (first === undefined || end === undefined) return `${place} does not exist`
      if (BigInt(first) > BigInt(offset)) return `${place} begins at offset ${first}, after ${offset}`
      if (BigInt(end) < BigInt(offset)) return `${place} ends at offset ${end}, before ${offset}`
    }
  }
  return undefined
}

function fromKafka<T>(work: () => Promise<T>): Promise<T> {
  return orUnavailable('Kafka does not respond', work)
}
