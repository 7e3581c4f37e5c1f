import type { HttpApp } from '@lockstep/core/http/app.ts'
import { etagOf, noneMatchHas } from '@lockstep/core/http/etag.ts'
import type { Filters, Item } from '../queries/definition.ts'
import type { ReadModelQueries } from '../queries/read-model-queries.ts'
import type { ReadModel } from '../read-model.ts'
import { queryParameters, wholeNumber } from './query-parameters.ts'
import { routeDocs } from './route-docs.ts'

/** The HTTP routes of one read model. */
export function queryRoutes(
  app: HttpApp,
  { queries: definitions, items }: Pick<ReadModel, 'queries' | 'items'>,
  queries: ReadModelQueries,
): void {
  const docs = routeDocs(definitions)
  // Registered only for the document: app.openapi() would validate requests by its own rules.
  app.openAPIRegistry.registerPath(docs.get)
  for (const route of docs.lists.values()) app.openAPIRegistry.registerPath(route)

  app.get(docs.get.getRoutingPath(), async (c) => {
    const { values, violations } = queryParameters(c.req.url, ['minVersion'])
    const request = { id: c.req.param('id') ?? '', minVersion: wholeNumber(values['minVersion']) }
    const item = await queries.get(request, { violations })
    // A cache between the caller and this server must revalidate each time; the tag makes that cheap.
    const headers = { etag: etagOf(item.version), 'cache-control': 'no-cache' }
    if (noneMatchHas(c.req.header('if-none-match'), headers.etag)) return c.body(null, 304, headers)
    return c.json(itemJson(items.fields, item), 200, headers)
  })

  for (const [name, route] of docs.lists) {
    const { filters } = definitions.lists[name]!
    const names = [...Object.keys(filters), 'pageSize', 'pageToken']
    app.get(route.getRoutingPath(), async (c) => {
      const { values, violations } = queryParameters(c.req.url, names)
      const request = {
        ...filterValues(filters, values),
        pageSize: wholeNumber(values['pageSize']),
        pageToken: values['pageToken'] ?? '',
      }
      const page = await queries.lists[name]!(request, { violations })
      return c.json({
        items: page.items.map((item) => itemJson(items.fields, item)),
        ...(page.nextPageToken !== '' && { nextPageToken: page.nextPageToken }),
      })
    })
  }
}

function filterValues(filters: Filters, values: Readonly<Record<string, string | undefined>>) {
  return Object.fromEntries(
    Object.entries(filters).map(([name, { kind }]) => [
      name,
      kind === 'text' ? (values[name] ?? '') : wholeNumber(values[name]),
    ]),
  )
}

/** The public fields in their order. JSON writes a Date as RFC 3339 in UTC with milliseconds. */
function itemJson(fields: readonly string[], item: Item): object {
  const values = item as unknown as Readonly<Record<string, unknown>>
  return Object.fromEntries(['id', 'version', ...fields].map((field) => [field, values[field]]))
}
