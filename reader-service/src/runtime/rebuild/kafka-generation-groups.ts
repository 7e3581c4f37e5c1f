import { groups, retryTopic, topics } from '@lockstep/contracts/topics.ts'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import { offsetsBetween, type GroupOffsets } from '@lockstep/core/kafka/admin/group-offsets.ts'
import type { GenerationGroups } from './writer-states.ts'

/** What every generation of the read model consumes. */
const sources = [topics.productEvents, retryTopic(groups.productProjection)]

export function kafkaGenerationGroups(offsets: GroupOffsets): GenerationGroups {
  return {
    ends: () => answered(offsets.ends(sources)),
    pin: (group, pins) => answered(offsets.pin(group, pins)),
    behind: (group, ends) =>
      answered(offsets.committed(group, sources).then((committed) => offsetsBetween(committed, ends))),
    remove: (group) => answered(offsets.remove(group)),
  }
}

async function answered<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw new AppError('unavailable', `Kafka does not answer: ${(error as Error).message}`, { cause: error })
  }
}
