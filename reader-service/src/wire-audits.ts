import { AppError } from '@lockstep/core/errors/app-error.ts'
import { auditOf, type Audit } from './ops/app/audit.ts'
import { measuredAudit, type AuditMetrics } from './ops/app/measured-audit.ts'
import type { WriterStates } from './ops/app/ports.ts'
import type { SeenModels } from './ops/app/running-models.ts'
import { mongoAuditedModel } from './ops/outbound/mongo/audited-model.ts'
import { redisAuditedCache } from './ops/outbound/redis/audited-cache.ts'
import type { CacheConnection } from './product/outbound/redis/product-cache.ts'
import type { Model } from './wire-model.ts'

/** The audits of the model that queries see, measured. */
export function auditsOf(parts: {
  forProjection: CacheConnection
  writer: WriterStates
  metrics: AuditMetrics
  seen: () => SeenModels<Model>
}): {
  ofActive: Audit
  /** Rejects with `unavailable` in a replica that does not know yet that queries see this generation. */
  ofGeneration: (number: number) => Audit
} {
  const { forProjection, writer, metrics, seen } = parts
  const auditOfModel = (find: () => Model): Audit =>
    measuredAudit(async (...asked) => {
      const { products, cacheGeneration } = find()
      const cache = redisAuditedCache({ connection: forProjection, generation: cacheGeneration })
      return auditOf({ model: mongoAuditedModel(products), cache, writer })(...asked)
    }, metrics)

  return {
    ofActive: auditOfModel(() => seen().active),
    ofGeneration: (number) =>
      auditOfModel(() => {
        const { active } = seen()
        if (active.number === number) return active
        throw new AppError('unavailable', `It is not known here yet that queries see read model ${number}`)
      }),
  }
}
