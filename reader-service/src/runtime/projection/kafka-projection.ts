import { eventsTopic, projectionGroup } from '@lockstep/contracts/topics.ts'
import type { ConsumerOptions } from '@lockstep/core/kafka/consumer/consumer-options.ts'
import { startConsumer, type RunningConsumer } from '@lockstep/core/kafka/consumer/consumer-runtime.ts'
import type { ReadModel, SourceEvent } from '../read-model.ts'
import { decodeEvent } from './decode-event.ts'
import type { ProjectEvents } from './project-events.ts'

/**
 * Consumes the source topic for one generation of a read model. Every generation has its own group; all of them share
 * the error and retry topics of the read model's first group.
 */
export function startProjection(
  options: Pick<ConsumerOptions<SourceEvent>, 'kafka' | 'log' | 'registry' | 'group'> & {
    readModel: Pick<ReadModel, 'name' | 'source'>
    project: ProjectEvents
  },
): RunningConsumer {
  const { readModel, project, ...rest } = options
  return startConsumer<SourceEvent>({
    ...rest,
    deadLetterGroup: projectionGroup(readModel.name),
    topics: [eventsTopic(readModel.source.contract.aggregate)],
    decode: decodeEvent(readModel.source),
    handle: (messages) => project(messages.map(({ value }) => value)),
  })
}
