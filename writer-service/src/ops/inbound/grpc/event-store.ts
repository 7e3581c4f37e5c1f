import {
  EventStoreService,
  type ProductState as StateMessage,
} from '@lockstep/contracts/gen/lockstep/ops/v1/event_store.ts'
import { invalid } from '@lockstep/core/errors/app-error.ts'
import type { grpcServices, GrpcService } from '@lockstep/core/grpc/service.ts'
import { timeViolations } from '@lockstep/core/ops/time-range.ts'
import { parseInput, productTarget } from '../../../product/app/product-input.ts'
import type { AuditedProduct, ProductStates } from '../../app/ports.ts'
import type { Republish } from '../../app/republish.ts'

const MAX_IDS = 1_000

/** States that are read from the database at a time. */
const PAGE = 500

/** `lockstep.ops.v1.EventStore`. */
export function eventStoreService(
  grpcService: ReturnType<typeof grpcServices>,
  { republish, states }: { republish: Republish; states: ProductStates },
): GrpcService {
  return grpcService(EventStoreService, {
    async republishEvents({ all, dryRun, since, until, ...request }, send) {
      const productId = request.productId === undefined ? undefined : idOf(request.productId)
      if (!all && [productId, since, until].every((each) => each === undefined)) {
        throw invalid([
          { field: 'all', message: 'has to be set for the whole store; or set product_id, since or until' },
        ])
      }
      const faults = timeViolations({ since, until })
      if (faults.length > 0) throw invalid(faults)
      const after = request.after && { ...request.after, productId: idOf(request.after.productId) }
      await republish({ productId, since, until, after, dryRun }, send)
    },

    async listProductStates({ ids, afterId, upToId, limit }, send) {
      if (ids.length > MAX_IDS) throw invalid([{ field: 'ids', message: `must be ${MAX_IDS} at most` }])
      if (limit !== undefined && limit < 1) throw invalid([{ field: 'limit', message: 'must be 1 or more' }])
      if (ids.length > 0) {
        for (const product of await states.find(ids.map(idOf))) await send({ state: stateMessage(product) })
        return
      }
      let after = afterId === '' ? undefined : idOf(afterId)
      const upTo = upToId === '' ? undefined : idOf(upToId)
      for (let left = limit ?? Infinity; left > 0; left -= PAGE) {
        const page = await states.list({ afterId: after, upToId: upTo, limit: Math.min(PAGE, left) })
        for (const product of page) await send({ state: stateMessage(product) })
        after = page.at(-1)?.state.id
        if (page.length < PAGE) return
      }
    },
  })
}

function idOf(text: string): string {
  return parseInput(productTarget, { id: text }).id
}

function stateMessage({ state, faults }: AuditedProduct): StateMessage {
  const { details, ...rest } = state
  return {
    ...rest,
    details: state.deleted ? undefined : details,
    ageMs: Math.max(0, Date.now() - state.updatedAt.getTime()),
    faults: [...faults],
  }
}
