import { invalid, type FieldViolation } from '@lockstep/core/errors/app-error.ts'
import { isUuid } from '@lockstep/core/text/uuid.ts'
import type { TextFilter } from '../queries/definition.ts'
import type { QueryCall } from '../queries/read-model-queries.ts'
import { versionProblems } from '../queries/requests.ts'
import type { QueryPorts } from '../read-model.ts'
import type { GroupTotals } from './slots.ts'
import type { TotalsFinder } from './totals-finder.ts'

/** The query of the totals, the same for HTTP and gRPC. */

export type TotalsDefinition<G extends string = string> = {
  /** The query parameter that selects one group, and the field of an item that names it: `category`. */
  groupName: G
  filter: Pick<TextFilter, 'schema' | 'problems'>
  /** The parameter with the id whose version a query waits for: `productId`. */
  idName: string
}

/** As a caller gives it; not yet validated. An empty text is an absent parameter. */
export type TotalsRequest<G extends string = string, I extends string = string> = {
  sort: string
  minVersion?: number | undefined
} & Record<G | I, string>

export type TotalsResponse<G extends string = string> = {
  items: (Omit<GroupTotals, 'group'> & Record<G, string>)[]
  asOf: Date | undefined
}

/**
 * Rejects with `invalid`, `read_model_behind`, `overloaded`, `unavailable` or `deadline_exceeded`. With `minVersion`, the
 * totals contain that version of the id, or a later one.
 */
export type TotalsQuery = (request: TotalsRequest, call: QueryCall) => Promise<TotalsResponse>

export const sortKeys = ['name', 'count', 'sum'] as const

export function totalsQuery(
  definition: TotalsDefinition,
  { read, wait }: Pick<QueryPorts<TotalsFinder>, 'read' | 'wait'>,
): TotalsQuery {
  const { groupName } = definition
  return async (request, { deadline = Infinity, violations }) => {
    const { only, sort, awaited } = validTotals(definition, request, violations)
    const { groups, asOf } = awaited
      ? await wait({ ...awaited, deadline }, () =>
          read(async (finder) => {
            // The version first: the totals that are read after it contain it.
            const stored = (await finder.versions([awaited.id])).get(awaited.id) ?? 0
            return stored < awaited.version ? undefined : finder.totals(deadline)
          }),
        )
      : await read((finder) => finder.totals(deadline))
    const items = groups
      .filter(({ group }) => only === undefined || group === only)
      .toSorted(sort)
      .map(({ group, ...totals }) => ({ [groupName]: group, ...totals }))
    return { items, asOf } as TotalsResponse
  }
}

type Compare = (a: GroupTotals, b: GroupTotals) => number

type ValidTotals = {
  only: string | undefined
  sort: Compare
  awaited: { id: string; version: number } | undefined
}

/** Throws one `invalid` for all parameters; `others` are the violations that the protocol found. */
function validTotals(
  { groupName, filter, idName }: TotalsDefinition,
  request: TotalsRequest,
  others: readonly FieldViolation[] = [],
): ValidTotals {
  const violations = [...others]
  const { sort, minVersion, [groupName]: group = '', [idName]: id = '' } = request
  const add = (field: string, message: string) => violations.push({ field, message })
  if (group !== '') for (const message of filter.problems(group)) add(groupName, message)
  const compare = comparisonOf(sort)
  if (!compare) add('sort', `must be ${sortKeys.join(', ')}, or one of them after a "-"`)
  if (id !== '' && !isUuid(id)) add(idName, 'must be a UUID')
  violations.push(...versionProblems('minVersion', minVersion))
  if (minVersion !== undefined && id === '') add(idName, 'is required with minVersion')
  if (minVersion === undefined && id !== '') add('minVersion', `is required with ${idName}`)
  if (violations.length > 0 || !compare) throw invalid(violations)
  return {
    only: group === '' ? undefined : group,
    sort: compare,
    awaited: minVersion === undefined ? undefined : { id: id.toLowerCase(), version: minVersion },
  }
}

/** Undefined for an unknown sort. Groups with the same value are in the order of their names. */
function comparisonOf(sort: string): Compare | undefined {
  const key = sort === '' ? 'name' : sort.replace(/^-/, '')
  const sign = sort.startsWith('-') ? -1 : 1
  const byName: Compare = (a, b) => (a.group < b.group ? -1 : 1)
  if (key === 'name') return (a, b) => sign * byName(a, b)
  if (key === 'count' || key === 'sum') return (a, b) => sign * (a[key] - b[key]) || byName(a, b)
  return undefined
}
