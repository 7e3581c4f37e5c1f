import type { HttpApp } from '@lockstep/core/http/app.ts'
import type { GetProduct } from '../../app/get-product.ts'
import { getProductQuery, searchProductsQuery } from '../../app/query-rules.ts'
import type { SearchProducts } from '../../app/search-products.ts'
import { etagOf, noneMatchHas } from './etag.ts'
import { getProductRoute, searchProductsRoute } from './route-docs.ts'
import { productJson } from './product-json.ts'
import { queryParameters, wholeNumber } from './query-parameters.ts'

export function productRoutes(
  app: HttpApp,
  queries: { getProduct: GetProduct; searchProducts: SearchProducts },
): void {
  // Registered for the document only: app.openapi() would check requests by rules of its own.
  app.openAPIRegistry.registerPath(getProductRoute)
  app.openAPIRegistry.registerPath(searchProductsRoute)

  app.get(getProductRoute.getRoutingPath(), async (c) => {
    const { values, violations } = queryParameters(c.req.url, ['minVersion'])
    const query = { id: c.req.param('id') ?? '', minVersion: wholeNumber(values.minVersion) }
    const product = await queries.getProduct(getProductQuery(query, violations))
    // A cache on the way must ask every time; the tag makes that cheap.
    const headers = { etag: etagOf(product.version), 'cache-control': 'no-cache' }
    if (noneMatchHas(c.req.header('if-none-match'), headers.etag)) return c.body(null, 304, headers)
    return c.json(productJson(product), 200, headers)
  })

  app.get(searchProductsRoute.getRoutingPath(), async (c) => {
    const names = ['search', 'category', 'pageSize', 'pageToken'] as const
    const { values, violations } = queryParameters(c.req.url, names)
    const { search = '', category = '', pageToken = '' } = values
    const given = { search, category, pageSize: wholeNumber(values.pageSize), pageToken }
    const { items, nextPageToken } = await queries.searchProducts(searchProductsQuery(given, violations))
    return c.json({ items: items.map(productJson), ...(nextPageToken !== undefined && { nextPageToken }) })
  })
}
