import { EventStoreService } from '@lockstep/contracts/gen/lockstep/ops/v1/event_store.ts'
import { invalid } from '@lockstep/core/errors/app-error.ts'
import type { grpcServices, GrpcService } from '@lockstep/core/grpc/service.ts'
import { parseInput, productTarget } from '../../../product/app/product-input.ts'
import type { Republish } from '../../app/republish.ts'

/** `lockstep.ops.v1.EventStore`. */
export function eventStoreService(
  grpcService: ReturnType<typeof grpcServices>,
  republish: Republish,
): GrpcService {
  return grpcService(EventStoreService, {
    async republishEvents({ all, dryRun, since, until, ...request }, send) {
      const productId = request.productId === undefined ? undefined : idOf(request.productId)
      if (!all && [productId, since, until].every((each) => each === undefined)) {
        throw invalid([
          { field: 'all', message: 'has to be set for the whole store; or set product_id, since or until' },
        ])
      }
      const after = request.after && { ...request.after, productId: idOf(request.after.productId) }
      await republish({ productId, since, until, after, dryRun }, send)
    },
  })
}

function idOf(text: string): string {
  return parseInput(productTarget, { id: text }).id
}
