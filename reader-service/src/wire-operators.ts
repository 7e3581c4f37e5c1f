import type { grpcServices, GrpcService } from '@lockstep/core/grpc/service.ts'
import type { KafkaSettings } from '@lockstep/core/kafka/client/client.ts'
import { connectProducer } from '@lockstep/core/kafka/producer/producer.ts'
import type { ServiceContext } from '@lockstep/core/lifecycle/start-service.ts'
import { deadLettersService } from '@lockstep/core/ops/dead-letters-service.ts'
import type { readerSettings } from './config.ts'
import { auditOf, type Audit } from './ops/app/audit.ts'
import { measuredAudit, type AuditMetrics } from './ops/app/measured-audit.ts'
import type { GenerationRegistry } from './ops/app/model-generations.ts'
import type { GenerationGroups, WriterStates } from './ops/app/ports.ts'
import { rebuildOf } from './ops/app/rebuild.ts'
import type { RunningModels } from './ops/app/running-models.ts'
import { startScheduledAudit } from './ops/app/scheduled-audit.ts'
import { readModelService } from './ops/inbound/grpc/read-model.ts'
import { mongoAuditedModel } from './ops/outbound/mongo/audited-model.ts'
import { redisAuditedCache } from './ops/outbound/redis/audited-cache.ts'
import type { CacheConnection } from './product/outbound/redis/product-cache.ts'
import type { Model } from './wire-model.ts'

/** What operators call, and the audit by the clock, on the connections of the service. */
export function wireOperators(
  { config, log }: ServiceContext<typeof readerSettings>,
  parts: {
    grpcService: ReturnType<typeof grpcServices>
    kafka: KafkaSettings
    forProjection: CacheConnection
    models: RunningModels<Model>
    registry: GenerationRegistry
    groups: GenerationGroups
    writer: WriterStates
    metrics: AuditMetrics
  },
  scope: AsyncDisposableStack,
): GrpcService[] {
  const { grpcService, kafka, forProjection, models, registry, groups, writer, metrics } = parts
  const auditActive: Audit = async (options, listener) => {
    const { products, cacheGeneration } = models.seen().active
    const cache = redisAuditedCache({ connection: forProjection, generation: cacheGeneration })
    return auditOf({ model: mongoAuditedModel(products), cache, writer })(options, listener)
  }
  const audit = measuredAudit(auditActive, metrics)
  const { READER_AUDIT_EVERY_MS: everyMs, READER_AUDIT_PRODUCTS_PER_SECOND: productsPerSecond } = config
  if (everyMs > 0) scope.use(startScheduledAudit({ audit, everyMs, productsPerSecond, log }))

  if (!config.OPS_API) return []
  const producer = scope.use(connectProducer(kafka, log))
  const count = () => models.seen().active.products.estimatedDocumentCount()
  return [
    deadLettersService(grpcService, { kafka, log, producer }),
    readModelService(grpcService, { audit, rebuild: rebuildOf({ registry, groups, count }) }),
  ]
}
