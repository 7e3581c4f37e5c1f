import type { grpcServices, GrpcService } from '@lockstep/core/grpc/service.ts'
import type { KafkaSettings } from '@lockstep/core/kafka/client.ts'
import { errorTopics } from '@lockstep/core/kafka/error-topics.ts'
import { connectProducer } from '@lockstep/core/kafka/producer.ts'
import type { ServiceContext } from '@lockstep/core/lifecycle/start-service.ts'
import { errorRecordsService } from '@lockstep/core/ops/error-records.ts'
import type { readerSettings } from './config.ts'
import type { Audit } from './ops/app/audit.ts'
import { rebuildOf } from './ops/app/rebuild.ts'
import { startScheduledAudit } from './ops/app/scheduled-audit.ts'
import { readModelService } from './ops/inbound/grpc/read-model.ts'

/** What operators call, and the audit by the clock. */
export function wireOperators(
  { config, log }: ServiceContext<typeof readerSettings>,
  parts: Parameters<typeof rebuildOf>[0] & {
    grpcService: ReturnType<typeof grpcServices>
    kafka: KafkaSettings
    audit: Audit
  },
  scope: AsyncDisposableStack,
): GrpcService[] {
  const { grpcService, kafka, audit } = parts
  const { READER_AUDIT_EVERY_MS: everyMs, READER_AUDIT_PRODUCTS_PER_SECOND: productsPerSecond } = config
  if (everyMs > 0) scope.use(startScheduledAudit({ audit, everyMs, productsPerSecond, log }))

  if (!config.OPS_API) return []
  const producer = scope.use(connectProducer(kafka, log))
  return [
    errorRecordsService(grpcService, errorTopics({ kafka, log, producer })),
    readModelService(grpcService, { audit, rebuild: rebuildOf(parts) }),
  ]
}
