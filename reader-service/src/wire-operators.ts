import { channelCredentials } from '@lockstep/core/grpc/channel.ts'
import type { grpcServices, GrpcService } from '@lockstep/core/grpc/service.ts'
import type { KafkaSettings } from '@lockstep/core/kafka/client.ts'
import { errorTopics } from '@lockstep/core/kafka/error-topics.ts'
import { connectProducer } from '@lockstep/core/kafka/producer.ts'
import type { ServiceContext } from '@lockstep/core/lifecycle/start-service.ts'
import { errorRecordsService } from '@lockstep/core/ops/error-records.ts'
import type { Collection } from 'mongodb'
import type { readerSettings } from './config.ts'
import { auditOf } from './ops/app/audit.ts'
import { measuredAudit, type AuditMetrics } from './ops/app/measured-audit.ts'
import { startScheduledAudit } from './ops/app/scheduled-audit.ts'
import { readModelService } from './ops/inbound/grpc/read-model.ts'
import { grpcWriterStates } from './ops/outbound/grpc/writer-states.ts'
import { mongoAuditedModel } from './ops/outbound/mongo/audited-model.ts'
import { redisAuditedCache } from './ops/outbound/redis/audited-cache.ts'
import type { ProductDocument } from './product/outbound/mongo/product-document.ts'
import type { GenerationWatch } from './product/outbound/redis/cache-generation.ts'
import type { CacheConnection } from './product/outbound/redis/product-cache.ts'

/** What operators call, and the audit by the clock, on the connections of the service. */
export function wireOperators(
  { config, log }: ServiceContext<typeof readerSettings>,
  parts: {
    grpcService: ReturnType<typeof grpcServices>
    kafka: KafkaSettings
    products: Collection<ProductDocument>
    forProjection: CacheConnection
    generation: GenerationWatch
    metrics: AuditMetrics
  },
  scope: AsyncDisposableStack,
): GrpcService[] {
  const { grpcService, kafka, products, forProjection, generation, metrics } = parts
  const writer = scope.use(
    grpcWriterStates({
      address: config.READER_WRITER_GRPC,
      credentials: channelCredentials({
        caFile: config.READER_WRITER_TLS_CA_FILE,
        certFile: config.READER_WRITER_TLS_CERT_FILE,
        keyFile: config.READER_WRITER_TLS_KEY_FILE,
      }),
    }),
  )
  const cache = redisAuditedCache({ connection: forProjection, generation })
  const audit = measuredAudit(auditOf({ model: mongoAuditedModel(products), cache, writer }), metrics)
  const { READER_AUDIT_EVERY_MS: everyMs, READER_AUDIT_PRODUCTS_PER_SECOND: productsPerSecond } = config
  if (everyMs > 0) scope.use(startScheduledAudit({ audit, everyMs, productsPerSecond, log }))

  if (!config.OPS_API) return []
  const producer = scope.use(connectProducer(kafka, log))
  return [
    errorRecordsService(grpcService, errorTopics({ kafka, log, producer })),
    readModelService(grpcService, audit),
  ]
}
