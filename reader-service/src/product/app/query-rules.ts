import { invalid, type FieldViolation } from '@lockstep/core/errors/app-error.ts'
import { decodePageToken } from '../domain/page-token.ts'
import type { GetProductQuery } from './get-product.ts'
import type { SearchProductsQuery } from './search-products.ts'

/** The rules of queries, the same for every protocol. What is undefined takes its default. */

const DEFAULT_PAGE_SIZE = 20
export const MAX_PAGE_SIZE = 100

/** Code points; twice the longest name. It bounds how many words one search can ask for. */
export const MAX_SEARCH_LENGTH = 500

export const uuidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
export const categoryPattern = /^[a-z0-9]+(?:-[a-z0-9]+)*$/
export const MAX_CATEGORY_LENGTH = 60

/** Throws `invalid`, every field at fault at once; `others` are faults that the protocol found. */
export function getProductQuery(
  given: { id: string; minVersion: number | undefined },
  others: readonly FieldViolation[] = [],
): Pick<GetProductQuery, 'id' | 'minVersion'> {
  const violations = [...others]
  const { id, minVersion } = given
  if (!uuidPattern.test(id)) violations.push({ field: 'id', message: 'must be a UUID' })
  if (minVersion !== undefined && !(Number.isSafeInteger(minVersion) && minVersion >= 1)) {
    violations.push({ field: 'minVersion', message: 'must be a whole number of 1 or more' })
  }
  if (violations.length > 0) throw invalid(violations)
  return { id: id.toLowerCase(), minVersion }
}

/** Throws `invalid`, every field at fault at once; `others` are faults that the protocol found. */
export function searchProductsQuery(
  given: { search: string; category: string; pageSize: number | undefined; pageToken: string },
  others: readonly FieldViolation[] = [],
): SearchProductsQuery {
  const violations = [...others]
  const { search, category, pageSize = DEFAULT_PAGE_SIZE, pageToken } = given
  if (search.includes('\0') || !search.isWellFormed()) {
    violations.push({ field: 'search', message: 'must not contain U+0000 or lone surrogates' })
  }
  if ([...search].length > MAX_SEARCH_LENGTH) {
    violations.push({ field: 'search', message: `must have at most ${MAX_SEARCH_LENGTH} characters` })
  }
  if (category !== '' && !(categoryPattern.test(category) && category.length <= MAX_CATEGORY_LENGTH)) {
    violations.push({
      field: 'category',
      message: 'must be a slug like garden-tools, of at most 60 characters',
    })
  }
  if (!(Number.isInteger(pageSize) && pageSize >= 1 && pageSize <= MAX_PAGE_SIZE)) {
    violations.push({ field: 'pageSize', message: `must be a whole number from 1 to ${MAX_PAGE_SIZE}` })
  }
  const after = pageToken === '' ? undefined : decodePageToken(pageToken, { search, category })
  if (pageToken !== '' && after === undefined) {
    violations.push({
      field: 'pageToken',
      message: 'must be the nextPageToken of a page with the same search and category',
    })
  }
  if (violations.length > 0) throw invalid(violations)
  return { search, category, pageSize, after }
}
