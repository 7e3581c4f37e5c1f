import { invalid, type FieldViolation } from '@lockstep/core/errors/app-error.ts'
import { isUuid } from '@lockstep/core/text/uuid.ts'
import type { ListDefinition, ListRequest, NumberFilter, TextFilter } from './definition.ts'
import type { PagePosition } from './item-finder.ts'
import { decodePageToken, type PageScope } from './page-token.ts'

/** The validation of queries, the same for every protocol. An undefined parameter gets its default. */

export const DEFAULT_PAGE_SIZE = 20
export const MAX_PAGE_SIZE = 100

/** Throws one `invalid` for all fields; `others` are the violations that the protocol found. */
export function validGet(
  { id, minVersion }: { id: string; minVersion?: number | undefined },
  others: readonly FieldViolation[] = [],
): { id: string; minVersion: number | undefined } {
  const violations = [...others]
  if (!isUuid(id)) violations.push({ field: 'id', message: 'must be a UUID' })
  violations.push(...versionProblems('minVersion', minVersion))
  if (violations.length > 0) throw invalid(violations)
  return { id: id.toLowerCase(), minVersion }
}

export type ValidList = {
  /** The values of the filters, by name. */
  filters: ReadonlyMap<string, string | number | undefined>
  scope: PageScope
  pageSize: number
  /** The end of the previous page; undefined for the first. */
  after: PagePosition | undefined
}

/** Throws one `invalid` for all fields; `others` are the violations that the protocol found. */
export function validList(
  list: string,
  definition: ListDefinition,
  request: ListRequest,
  others: readonly FieldViolation[] = [],
): ValidList {
  const violations = [...others]
  const names = Object.keys(definition.filters)
  const given = request as Readonly<Record<string, string | number | undefined>>
  const filters = new Map(names.map((name) => [name, given[name]]))
  for (const [field, value] of filters) {
    for (const message of problemsOf(definition.filters[field]!, value)) violations.push({ field, message })
  }
  const { pageSize = DEFAULT_PAGE_SIZE, pageToken } = request
  violations.push(...pageSizeProblems(pageSize))
  const scope = { list, filters: [...filters.values()] }
  const after = pageToken === '' ? undefined : decodePageToken(pageToken, scope)
  if (pageToken !== '' && after === undefined) {
    const message = `must be the nextPageToken of a page with the same ${names.join(' and ')}`
    violations.push({ field: 'pageToken', message })
  }
  if (violations.length > 0) throw invalid(violations)
  return { filters, scope, pageSize, after }
}

export function versionProblems(field: string, version: number | undefined): FieldViolation[] {
  if (version === undefined || (Number.isSafeInteger(version) && version >= 1)) return []
  return [{ field, message: 'must be a whole number of 1 or more' }]
}

export function pageSizeProblems(pageSize: number): FieldViolation[] {
  if (Number.isInteger(pageSize) && pageSize >= 1 && pageSize <= MAX_PAGE_SIZE) return []
  return [{ field: 'pageSize', message: `must be a whole number from 1 to ${MAX_PAGE_SIZE}` }]
}

function problemsOf(filter: TextFilter | NumberFilter, value: string | number | undefined) {
  if (filter.kind === 'text') return typeof value === 'string' && value !== '' ? filter.problems(value) : []
  const { min, max = Number.MAX_SAFE_INTEGER } = filter
  if (value === undefined) return []
  if (Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max) return []
  const range = filter.max === undefined ? `of ${min} or more` : `from ${min} to ${max}`
  return [`must be a whole number ${range}`]
}
