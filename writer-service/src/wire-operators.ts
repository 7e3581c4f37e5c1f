import { eventFields } from '@lockstep/contracts/event-fields.ts'
import type { grpcServices, GrpcService } from '@lockstep/core/grpc/service.ts'
import type { KafkaSettings } from '@lockstep/core/kafka/client/client.ts'
import { connectProducer } from '@lockstep/core/kafka/producer/producer.ts'
import type { Log } from '@lockstep/core/log/log.ts'
import { deadLettersService } from '@lockstep/core/operators/dead-letters-service.ts'
import type { Pool } from 'pg'
import { aggregates } from './aggregates.ts'
import { postgresAggregateStates } from './runtime/operators/aggregate-states.ts'
import { postgresEventQueue } from './runtime/operators/event-queue.ts'
import { exportFrom } from './runtime/operators/export/export-events.ts'
import { importInto } from './runtime/operators/export/import-events.ts'
import { eventStoreService } from './runtime/operators/event-store-service.ts'
import { postgresStoredEvents } from './runtime/operators/stored-events.ts'
import { republishFrom, republishLimits } from './runtime/operators/republish.ts'

/** The operators' API, on the connections of the service. */
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
  // A producer of its own: a redrive of many records does not delay the relay.
  const producer = scope.use(connectProducer(kafka, log))
  const contract = aggregates.flatMap(({ events }) => eventFields(events.contract)).toSorted()
  return [
    deadLettersService(grpcService, { kafka, log, producer }),
    eventStoreService(grpcService, {
      aggregates,
      republish: republishFrom(postgresEventQueue(pool), wakeRelay, republishLimits(outboxLimit)),
      states: postgresAggregateStates(pool),
      events: postgresStoredEvents(pool),
      exportEvents: exportFrom(
        pool,
        aggregates.map(({ type }) => type),
        contract,
      ),
      importEvents: importInto(pool, { aggregates, contract, onImported: wakeRelay }),
    }),
  ]
}
