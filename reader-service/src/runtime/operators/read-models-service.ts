import {
  ReadModelsService,
  type AuditReadModelResponse,
} from '@lockstep/contracts/gen/lockstep/ops/v1/read_model.ts'
import { openArchive } from '@lockstep/core/archive/archive.ts'
import { orMalformed } from '@lockstep/core/archive/contract.ts'
import { AppError, invalid, quoted, type FieldViolation } from '@lockstep/core/errors/app-error.ts'
import type { grpcServices, GrpcService } from '@lockstep/core/grpc/service.ts'
import type { AuditProgress } from '../audit/audit-run.ts'
import type { Audit } from '../audit/audit.ts'
import type { RebuildOperations } from '../rebuild/rebuild-operations.ts'
import type { RestoreSnapshot } from '../snapshots/restore-snapshot.ts'
import type { SaveSnapshot } from '../snapshots/save-snapshot.ts'
import { snapshotHeader } from '../snapshots/snapshot-header.ts'

const DEFAULT_PER_SECOND = 1_000
const MAX_PER_SECOND = 100_000
const DEFAULT_AGE_LIMIT_MS = 10_000
const MAX_AGE_LIMIT_MS = 600_000

export type OperatedReadModel = {
  audit: Audit
  operations: RebuildOperations
  snapshots: { save: SaveSnapshot; restore: RestoreSnapshot }
}

/**
 * `lockstep.ops.v1.ReadModels`.
 *
 * @param readModels by name
 */
export function readModelsService(
  grpcService: ReturnType<typeof grpcServices>,
  readModels: ReadonlyMap<string, OperatedReadModel>,
): GrpcService {
  function named(name: string): OperatedReadModel {
    if (name === '') throw invalid([{ field: 'readModel', message: 'is required' }])
    const found = readModels.get(name)
    if (found) return found
    const known = [...readModels.keys()].join(', ')
    throw new AppError('not_found', `There is no read model ${quoted(name)}; the read models are: ${known}`)
  }

  return grpcService(ReadModelsService, {
    async auditReadModel(request, send) {
      const { audit } = named(request.readModel)
      const { repair, documentsPerSecond = DEFAULT_PER_SECOND, ageLimitMs = DEFAULT_AGE_LIMIT_MS } = request
      const violations = [
        ...outside('documentsPerSecond', documentsPerSecond, 1, MAX_PER_SECOND),
        ...outside('ageLimitMs', ageLimitMs, 0, MAX_AGE_LIMIT_MS),
      ]
      if (violations.length > 0) throw invalid(violations)
      const end = await audit(
        { repair, documentsPerSecond, ageLimitMs },
        {
          onMismatch: (mismatch) => send({ item: { $case: 'mismatch', mismatch } }),
          onProgress: (progress) => send(progressMessage(progress, false)),
        },
      )
      await send(progressMessage(end, true))
    },
    async listGenerations({ readModel }) {
      const listed = readModel === '' ? [...readModels.values()] : [named(readModel)]
      return { generations: (await Promise.all(listed.map((each) => each.operations.status()))).flat() }
    },
    rebuildReadModel: async ({ readModel }, send) =>
      named(readModel).operations.rebuild((generation) => send({ generation })),
    async switchGeneration({ readModel, generation }) {
      const { operations } = named(readModel)
      if (generation === undefined) throw invalid([{ field: 'generation', message: 'is required' }])
      const violations = outside('generation', generation, 0, Number.MAX_SAFE_INTEGER)
      if (violations.length > 0) throw invalid(violations)
      return { generation: await operations.switchTo(generation) }
    },
    dropGeneration: async ({ readModel }, send) =>
      named(readModel).operations.dropOther((generation) => send({ generation })),
    async saveSnapshot({ readModel }, send) {
      for await (const data of named(readModel).snapshots.save()) await send({ data })
    },
    restoreSnapshot: (requests, send) =>
      orMalformed(async () => {
        let expected: string | undefined
        async function* bytes() {
          for await (const { readModel, data } of requests) {
            expected ??= readModel
            yield data
          }
        }
        await using archive = await openArchive(bytes())
        const { readModel } = snapshotHeader(archive.header)
        if (expected !== undefined && expected !== readModel) {
          throw new AppError('malformed', `The file is a snapshot of ${readModel}, and not of ${expected}`)
        }
        await named(readModel).snapshots.restore(archive, (generation) => send({ generation }))
      }),
  })
}

function progressMessage(progress: AuditProgress, done: boolean): AuditReadModelResponse {
  return { item: { $case: 'progress', progress: { ...progress, done } } }
}

function outside(field: string, value: number, min: number, max: number): FieldViolation[] {
  return value >= min && value <= max ? [] : [{ field, message: `must be ${min}-${max}` }]
}
