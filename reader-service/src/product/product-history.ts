import { ProductHistoryService } from '@lockstep/contracts/gen/lockstep/product/v1/product_history.ts'
import { history } from '../runtime/history/history.ts'
import { productReadModel } from './product-read-model.ts'

/** Every change of a product, and what the product was at a version or at a time. */
export const productHistory = history({
  name: 'product-history',
  of: productReadModel,
  grpc: (service, list) => service(ProductHistoryService, { listProductEvents: list }),
})
