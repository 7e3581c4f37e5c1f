import {
  ReadModelService,
  type AuditReadModelResponse,
  type ReadModelStatus,
} from '@lockstep/contracts/gen/lockstep/ops/v1/read_model.ts'
import { invalid, type FieldViolation } from '@lockstep/core/errors/app-error.ts'
import type { grpcServices, GrpcService } from '@lockstep/core/grpc/service.ts'
import type { Audit, AuditProgress } from '../audit/audit.ts'
import type { ModelStatus, Rebuild } from '../rebuild/rebuild-operations.ts'

const DEFAULT_PER_SECOND = 1_000
const MAX_PER_SECOND = 100_000
const DEFAULT_AGE_LIMIT_MS = 10_000
const MAX_AGE_LIMIT_MS = 600_000

/** `lockstep.ops.v1.ReadModel`. */
export function readModelService(
  grpcService: ReturnType<typeof grpcServices>,
  { audit, rebuild }: { audit: Audit; rebuild: Rebuild },
): GrpcService {
  return grpcService(ReadModelService, {
    async auditReadModel(request, send) {
      const productsPerSecond = request.productsPerSecond ?? DEFAULT_PER_SECOND
      const ageLimitMs = request.ageLimitMs ?? DEFAULT_AGE_LIMIT_MS
      const faults = [
        ...outside('productsPerSecond', productsPerSecond, 1, MAX_PER_SECOND),
        ...outside('ageLimitMs', ageLimitMs, 0, MAX_AGE_LIMIT_MS),
      ]
      if (faults.length > 0) throw invalid(faults)
      const end = await audit(
        { repair: request.repair, productsPerSecond, ageLimitMs },
        {
          onFinding: (finding) => send({ news: { $case: 'finding', finding } }),
          onProgress: (progress) => send(progressMessage(progress, false)),
        },
      )
      await send(progressMessage(end, true))
    },
    listReadModels: async () => ({ models: (await rebuild.status()).map(statusMessage) }),
    rebuildReadModel: (_, send) => rebuild.run((model) => send({ model: statusMessage(model) })),
    async switchReadModel({ generation }) {
      if (generation === undefined) throw invalid([{ field: 'generation', message: 'is required' }])
      return { model: statusMessage(await rebuild.switchTo(generation)) }
    },
    dropReadModel: (_, send) => rebuild.dropOld((model) => send({ model: statusMessage(model) })),
  })
}

function progressMessage(progress: AuditProgress, done: boolean): AuditReadModelResponse {
  return { news: { $case: 'progress', progress: { ...progress, done } } }
}

function outside(field: string, value: number, min: number, max: number): FieldViolation[] {
  return value >= min && value <= max ? [] : [{ field, message: `must be ${min}-${max}` }]
}

function statusMessage({ number, ...status }: ModelStatus): ReadModelStatus {
  return { generation: number, ...status }
}
