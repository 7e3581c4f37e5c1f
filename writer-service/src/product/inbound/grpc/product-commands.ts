import {
  ProductCommandsService,
  type ProductInput,
} from '@lockstep/contracts/gen/lockstep/product/v1/product_commands.ts'
import { checkAll, invalid, type FieldViolation } from '@lockstep/core/errors/app-error.ts'
import type { GrpcCall, grpcServices } from '@lockstep/core/grpc/service.ts'
import type { ExecuteCommand } from '../../app/execute-command.ts'
import { idempotencyKeyOf, type RequestedCommand } from '../../app/idempotency.ts'
import {
  newProduct,
  parseInput,
  productChanges,
  productDetails,
  productTarget,
} from '../../app/product-input.ts'
import type { ProductDetails } from '../../domain/product.ts'

/** The gRPC commands. `timeLimitMs` bounds a command whose caller set no deadline, or a later one. */
export function productCommandsService(
  grpcService: ReturnType<typeof grpcServices>,
  execute: ExecuteCommand,
  options: { timeLimitMs: number },
) {
  const run = (command: RequestedCommand, { requestId, deadline }: GrpcCall, idempotencyKey?: string) =>
    execute(command, {
      requestId,
      deadline: Math.min(deadline, Date.now() + options.timeLimitMs),
      idempotencyKey,
    })

  return grpcService(ProductCommandsService, {
    createProduct: async (request, call) => {
      const [key, { id, ...details }] = checkAll(
        () => keyOf(request),
        () => parseInput(newProduct, { id: request.id, ...request.product }),
      )
      return run({ type: 'create', id, details }, call, key)
    },
    updateProduct: async (request, call) => {
      const [{ key, ...target }, changes] = checkAll(
        () => targetOf(request),
        () => changesOf(request.product ?? {}, request.updateMask ?? []),
      )
      return run({ type: 'update', ...target, changes }, call, key)
    },
    deleteProduct: async (request, call) => {
      const { key, ...target } = targetOf(request)
      return run({ type: 'delete', ...target }, call, key)
    },
  })
}

type Keyed = { idempotencyKey?: string | undefined }
type Targeted = Keyed & { id: string; expectedVersion?: number | undefined }

function targetOf(request: Targeted) {
  const [key, { id }, expectedVersion] = checkAll(
    () => keyOf(request),
    () => parseInput(productTarget, { id: request.id }),
    () => expectedVersionOf(request),
  )
  return { key, id, expectedVersion }
}

function keyOf({ idempotencyKey }: Keyed): string | undefined {
  return idempotencyKeyOf(idempotencyKey, 'idempotency_key')
}

function expectedVersionOf({ expectedVersion }: Targeted): number | undefined {
  if (expectedVersion === undefined || expectedVersion >= 1) return expectedVersion
  throw invalid([{ field: 'expected_version', message: 'must be 1 or more' }])
}

/** ProductInput's fields by their names in the contract. */
const maskPaths: Record<string, keyof ProductDetails> = {
  name: 'name',
  description: 'description',
  category: 'category',
  price_cents: 'priceCents',
  priceCents: 'priceCents',
}

/**
 * The changes that an update asks for (field masks as in https://google.aip.dev/134): an empty mask means every
 * field; a field in the mask that is not set takes its default, or is refused where it has none.
 */
function changesOf(product: Partial<ProductInput>, mask: readonly string[]): Partial<ProductDetails> {
  if (mask.length === 0) return parseInput(productDetails, product)
  const unknown: FieldViolation[] = mask
    .filter((path) => !Object.hasOwn(maskPaths, path))
    .map((path) => ({ field: 'update_mask', message: `has no field ${JSON.stringify(path)}` }))
  if (unknown.length > 0) throw invalid(unknown)
  const fields = new Set(mask.flatMap((path) => maskPaths[path] ?? []))
  const chosen = Object.fromEntries([...fields].map((field) => [field, product[field] ?? defaults[field]]))
  return parseInput(productChanges.required(pick(fields)), chosen)
}

const defaults: Partial<ProductDetails> = { description: '', category: 'general' }

function pick(fields: Set<keyof ProductDetails>): { [K in keyof ProductDetails]?: true } {
  return Object.fromEntries([...fields].map((field) => [field, true]))
}
