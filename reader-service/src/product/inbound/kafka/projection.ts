import { groups, topics } from '@lockstep/contracts/topics.ts'
import { startConsumer, type RunningConsumer } from '@lockstep/core/kafka/consumer/consumer-runtime.ts'
import type { ConsumerOptions } from '@lockstep/core/kafka/consumer/consumer-options.ts'
import type { ProjectProducts } from '../../app/project-products.ts'
import type { ProjectedEvent } from '../../domain/product.ts'
import { decodeProductEvent } from './decode.ts'

/**
 * Keeps a read model in step with `product.events`, as a member of the group `product-projection` or of one of its own
 * that shares the error and retry topics of that.
 */
export function startProjection(
  options: Pick<ConsumerOptions<ProjectedEvent>, 'kafka' | 'log' | 'registry'> & {
    project: ProjectProducts
    group?: string
  },
): RunningConsumer {
  const { project, group = groups.productProjection, ...rest } = options
  return startConsumer({
    ...rest,
    group,
    deadLetterGroup: groups.productProjection,
    topics: [topics.productEvents],
    decode: decodeProductEvent,
    handle: (messages) => project(messages.map(({ value }) => value)),
  })
}
