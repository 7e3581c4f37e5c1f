import { invalid, type FieldViolation } from '@lockstep/core/errors/app-error.ts'
import { isUuid } from '@lockstep/core/text/uuid.ts'
import type {
  Conditions,
  FilterRequest,
  Filters,
  ItemOrder,
  ListDefinition,
  ListRequest,
  NumberFilter,
  TextFilter,
  TopRequest,
} from './definition.ts'
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

/** The values of the filters, by name. */
export type FilterValues = ReadonlyMap<string, string | number | undefined>

export type ValidList = {
  filters: FilterValues
  order: ItemOrder
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
  const filters = filterValues(definition, request)
  violations.push(...filterProblems(definition, filters))
  const { pageSize = DEFAULT_PAGE_SIZE, pageToken } = request
  const sort = request.sort === '' ? definition.defaultSort : request.sort
  const order = orderOf(definition, sort)
  violations.push(...sortProblems(definition, sort, filters), ...pageSizeProblems(pageSize))
  const scope = { list, sort, filters: [...filters.values()] }
  const after = pageToken === '' ? undefined : decodePageToken(pageToken, scope)
  if (pageToken !== '' && after === undefined) {
    const names = new Intl.ListFormat('en').format([...filters.keys(), 'sort'])
    violations.push({
      field: 'pageToken',
      message: `must be the nextPageToken of a page with the same ${names}`,
    })
  }
  if (violations.length > 0 || !order) throw invalid(violations)
  return { filters, order, scope, pageSize, after }
}

/** Throws one `invalid` for all filters. */
export function validFilters(
  definition: Pick<ListDefinition, 'filters'>,
  request: FilterRequest,
  others: readonly FieldViolation[] = [],
): FilterValues {
  const filters = filterValues(definition, request)
  const violations = [...others, ...filterProblems(definition, filters)]
  if (violations.length > 0) throw invalid(violations)
  return filters
}

export const DEFAULT_TOP = 10
export const MAX_TOP = 100

/** Those of the list that its top list takes. */
export function topFilters({ filters, top }: ListDefinition): Filters {
  return Object.fromEntries((top?.filters ?? []).map((name) => [name, filters[name]!]))
}

export type ValidTop = { filters: FilterValues; by: string; order: ItemOrder; limit: number }

/** Throws one `invalid` for all fields. */
export function validTop(
  list: ListDefinition,
  request: TopRequest,
  others: readonly FieldViolation[] = [],
): ValidTop {
  const top = list.top!
  const definition = { filters: topFilters(list) }
  const filters = filterValues(definition, request)
  const violations = [...others, ...filterProblems(definition, filters)]
  const by = request.by === '' ? top.defaultBy : request.by
  const names = Object.keys(top.by)
  const order = names.includes(by) ? orderOf({ sorts: top.by }, `-${by}`) : undefined
  if (!order) violations.push({ field: 'by', message: `must be one of ${names.join(', ')}` })
  const { limit = DEFAULT_TOP } = request
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_TOP) {
    violations.push({ field: 'limit', message: `must be a whole number from 1 to ${MAX_TOP}` })
  }
  if (violations.length > 0 || !order) throw invalid(violations)
  return { filters, by, order, limit }
}

function filterValues({ filters }: Pick<ListDefinition, 'filters'>, request: object): FilterValues {
  const given = request as Readonly<Record<string, string | number | undefined>>
  return new Map(Object.keys(filters).map((name) => [name, given[name]]))
}

function filterProblems(
  { filters }: Pick<ListDefinition, 'filters'>,
  values: FilterValues,
): FieldViolation[] {
  return [...values].flatMap(([field, value]) =>
    problemsOf(filters[field]!, value).map((message) => ({ field, message })),
  )
}

/** The values that `sort` may have. */
export function sortNames({ sorts }: Pick<ListDefinition, 'sorts'>): string[] {
  return Object.keys(sorts).flatMap((name) => [name, `-${name}`])
}

/** Undefined for an unknown sort. */
export function orderOf(list: Pick<ListDefinition, 'sorts'>, sort: string): ItemOrder | undefined {
  if (!sortNames(list).includes(sort)) return undefined
  const { by, index = 'ascending' } = list.sorts[nameOf(sort)]!
  const direction = sort.startsWith('-') ? 'descending' : 'ascending'
  return { by, direction, ids: direction === index ? 'ascending' : 'descending' }
}

function nameOf(sort: string): string {
  return sort.replace(/^-/, '')
}

function sortProblems(list: ListDefinition, sort: string, filters: FilterValues): FieldViolation[] {
  const names = sortNames(list)
  if (!names.includes(sort)) return [{ field: 'sort', message: `must be one of ${names.join(', ')}` }]
  const { notWith = [] } = list.sorts[nameOf(sort)]!
  return notWith
    .filter((filter) => (filters.get(filter) ?? '') !== '')
    .map((filter) => ({
      field: 'sort',
      message: `must not be ${sort} together with ${filter}, because no index has this order`,
    }))
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

/** Undefined if no item can match. */
export function conditionsOf(filters: Filters, values: FilterValues): Conditions {
  const conditions: NonNullable<Conditions>[number][] = []
  for (const [name, value] of values) {
    if (value === undefined || value === '') continue
    const filter = filters[name]!
    const found = filter.kind === 'text' ? filter.conditions(String(value)) : filter.conditions(Number(value))
    if (found === undefined) return undefined
    conditions.push(...found)
  }
  return conditions
}
