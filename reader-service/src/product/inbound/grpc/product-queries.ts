import type { Product as ProductMessage } from '@lockstep/contracts/gen/lockstep/product/v1/product.ts'
import { ProductQueriesService } from '@lockstep/contracts/gen/lockstep/product/v1/product_queries.ts'
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
      const query = getProductQuery({ id, minVersion })
      return { product: productMessage(await queries.getProduct({ ...query, deadline })) }
    },
    async searchProducts({ search, category, pageSize, pageToken }, { deadline }) {
      const query = searchProductsQuery({ search, category, pageSize, pageToken })
      const { items, nextPageToken } = await queries.searchProducts({ ...query, deadline })
      return { items: items.map(productMessage), nextPageToken: nextPageToken ?? '' }
    },
  })
}

function productMessage({ deleted: _, ...product }: Product): ProductMessage {
  return product
}
