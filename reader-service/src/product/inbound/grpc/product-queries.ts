import type { Product as ProductMessage } from '@lockstep/contracts/gen/lockstep/product/v1/product.ts'
import { ProductQueriesService } from '@lockstep/contracts/gen/lockstep/product/v1/product_queries.ts'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import type { grpcServices, GrpcService } from '@lockstep/core/grpc/service.ts'
import type { GetProduct } from '../../app/get-product.ts'
import { getProductQuery, searchProductsQuery } from '../../app/query-rules.ts'
import type { SearchProducts } from '../../app/search-products.ts'
import type { Product } from '../../domain/product.ts'

export function productQueriesService(
  grpcService: ReturnType<typeof grpcServices>,
  queries: { getProduct: GetProduct; searchProducts: SearchProducts },
): GrpcService {
  return grpcService(ProductQueriesService, {
    async getProduct({ id, minVersion }, { deadline }) {
      const query = inProtoNames(() => getProductQuery({ id, minVersion }))
      return { product: productMessage(await queries.getProduct({ ...query, deadline })) }
    },
    async searchProducts({ search, category, pageSize, pageToken }) {
      const query = inProtoNames(() => searchProductsQuery({ search, category, pageSize, pageToken }))
      const { items, nextPageToken } = await queries.searchProducts(query)
      return { items: items.map(productMessage), nextPageToken: nextPageToken ?? '' }
    },
  })
}

function productMessage({ deleted: _, ...product }: Product): ProductMessage {
  return product
}

/** Callers know the fields by their names in the .proto file: page_size, not pageSize. */
function inProtoNames<T>(check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const violations = error.violations.map(({ field, message }) => ({ field: snakeCase(field), message }))
    throw new AppError(error.code, snakeCase(error.message), { violations, cause: error })
  }
}

function snakeCase(text: string): string {
  return text.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
