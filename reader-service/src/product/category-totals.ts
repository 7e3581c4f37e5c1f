import { CatalogueStatisticsService } from '@lockstep/contracts/gen/lockstep/product/v1/catalogue_statistics.ts'
import { groupedTotals } from '../runtime/grouped-totals/grouped-totals.ts'
import { slugFilter } from '../runtime/queries/slug-filter.ts'
import { productSource, type Product } from './product-read-model.ts'

/** How many products each category has, and the sum, the lowest and the highest of their prices. */
export const categoryTotals = groupedTotals({
  name: 'category-totals',
  of: productSource,
  group: ({ category }: Product) => category,
  value: ({ priceCents }: Product) => priceCents,
  query: {
    groupName: 'category',
    filter: slugFilter('category', 'kitchen'),
    idName: 'productId',
    tag: 'Products',
    path: '/api/v1/categories/totals',
    operationId: 'listCategoryTotals',
    summary: 'Totals by category',
    schema: 'CategoryTotals',
    value: '`priceCents`',
  },
  grpc: (service, totals) => service(CatalogueStatisticsService, { listCategoryTotals: totals }),
})
