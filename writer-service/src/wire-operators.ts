import type { grpcServices, GrpcService } from '@lockstep/core/grpc/service.ts'
import type { KafkaSettings } from '@lockstep/core/kafka/client/client.ts'
import { connectProducer } from '@lockstep/core/kafka/producer/producer.ts'
import type { Log } from '@lockstep/core/log/log.ts'
import { deadLettersService } from '@lockstep/core/ops/dead-letters-service.ts'
import type { Pool } from 'pg'
import { republishFrom, republishLimits } from './ops/app/republish.ts'
import { eventStoreService } from './ops/inbound/grpc/event-store.ts'
import { postgresEventQueue } from './ops/outbound/postgres/event-queue.ts'
import { postgresProductStates } from './ops/outbound/postgres/product-states.ts'

/** What operators call, on the connections of the service. */
export function wireOperators(
  parts: {
    grpcService: ReturnType<typeof grpcServices>
    kafka: KafkaSettings
    pool: Pool
    wakeRelay: () => void
    outboxLimit: number
    log: Log
  },
  scope: AsyncDisposableStack,
): GrpcService[] {
  const { grpcService, kafka, pool, wakeRelay, outboxLimit, log } = parts
  // Of its own: a redrive of many records does not hold up the relay.
  const producer = scope.use(connectProducer(kafka, log))
  return [
    deadLettersService(grpcService, { kafka, log, producer }),
    eventStoreService(grpcService, {
      republish: republishFrom(postgresEventQueue(pool), wakeRelay, republishLimits(outboxLimit)),
      states: postgresProductStates(pool),
    }),
  ]
}
