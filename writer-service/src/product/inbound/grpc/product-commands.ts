import { v7 as uuidv7 } from 'uuid'
import {
  ProductCommandsService,
  type ProductInput,
} from '@lockstep/contracts/gen/lockstep/product/v1/product_commands.ts'
import { invalid, type FieldViolation } from '@lockstep/core/errors/app-error.ts'
import type { GrpcCall, grpcServices } from '@lockstep/core/grpc/service.ts'
import type { ExecuteCommand } from '../../app/execute-command.ts'
import {
  newProduct,
  parseInput,
  productChanges,
  productDetails,
  productTarget,
} from '../../app/product-input.ts'
import type { ProductCommand, ProductDetails } from '../../domain/product.ts'

/** The gRPC commands. `timeLimitMs` bounds a command whose caller set no deadline, or a later one. */
export function productCommandsService(
  grpcService: ReturnType<typeof grpcServices>,
  execute: ExecuteCommand,
  options: { timeLimitMs: number },
) {
  const run = (command: ProductCommand, call: GrpcCall) =>
    execute(command, Math.min(call.deadline, Date.now() + options.timeLimitMs))

  return grpcService(ProductCommandsService, {
    createProduct: async (request, call) => {
      refuseUnserved(request)
      const input = parseInput(newProduct, { id: request.id, ...request.product })
      const { id = uuidv7(), ...details } = input
      return run({ type: 'create', id, details }, call)
    },
    updateProduct: async (request, call) => {
      const target = targetOf(request)
      const changes = changesOf(request.product ?? {}, request.updateMask ?? [])
      return run({ type: 'update', ...target, changes }, call)
    },
    deleteProduct: async (request, call) => run({ type: 'delete', ...targetOf(request) }, call),
  })
}

type Targeted = { id: string; expectedVersion?: number | undefined; idempotencyKey?: string | undefined }

function targetOf(request: Targeted): { id: string; expectedVersion: number | undefined } {
  refuseUnserved(request)
  const { expectedVersion } = request
  if (expectedVersion !== undefined && !(expectedVersion >= 1)) {
    throw invalid([{ field: 'expected_version', message: 'must be 1 or more' }])
  }
  return { id: parseInput(productTarget, { id: request.id }).id, expectedVersion }
}

function refuseUnserved(request: { idempotencyKey?: string | undefined }): void {
  if (request.idempotencyKey === undefined) return
  throw invalid([{ field: 'idempotency_key', message: 'is not supported; send the command without it' }])
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
