import { AppError, invalid, type FieldViolation } from '@lockstep/core/errors/app-error.ts'
import { parseRfc3339 } from '@lockstep/core/text/rfc3339.ts'
import { isUuid } from '@lockstep/core/text/uuid.ts'
import type { EncodedItem } from '../queries/definition.ts'
import { encodedItem } from '../queries/load-item.ts'
import { decodePageToken, encodePageToken } from '../queries/page-token.ts'
import type { PastItems } from '../queries/past-items.ts'
import type { QueryCall } from '../queries/read-model-queries.ts'
import { DEFAULT_PAGE_SIZE, pageSizeProblems, versionProblems } from '../queries/requests.ts'
import type { Items, QueryPorts } from '../read-model.ts'
import { changesBetween, entryKey, type Change, type EntryType } from './entry.ts'
import type { FoundEntry, HistoryFinder } from './history-finder.ts'

/** The queries of a history, the same for HTTP and gRPC. */

export type HistoryRequest = {
  id: string
  minVersion?: number | undefined
  pageSize?: number | undefined
  /** Empty for the newest entries. */
  pageToken: string
}

export type HistoryItem = {
  version: number
  type: EntryType
  changes: Change[]
  occurredAt: Date
  requestId: string | undefined
}

export type HistoryPage = { items: HistoryItem[]; nextPageToken: string }

/** Rejects with `invalid`, `not_found`, `read_model_behind` (also for a gap), and the errors of reads by id. */
export type HistoryQuery = (request: HistoryRequest, call: QueryCall) => Promise<HistoryPage>

type HistoryParts = {
  noun: string
  items: Items
  ports: Pick<QueryPorts<HistoryFinder>, 'read' | 'wait'>
}

/** Newest first. Versions have no gaps, so a page is a range of versions, and one that lacks an entry is refused. */
export function historyQuery({ noun, items, ports }: HistoryParts): HistoryQuery {
  return async (request, { deadline = Infinity, violations }) => {
    const { id, minVersion, pageSize, before } = validHistory(request, violations)
    const read = () =>
      ports.read(async (finder) => {
        const newest = await finder.newest(id)
        if (newest < (minVersion ?? 0)) return undefined
        if (newest === 0) throw new AppError('not_found', `There is no ${noun} ${id}`)
        const last = Math.min(newest, before === undefined ? newest : before - 1)
        const first = Math.max(1, last - pageSize + 1)
        // One more: an entry has the whole state, and what it changed is the difference to the one before it.
        const versions = range(last, Math.max(1, first - 1))
        return { id, first, found: complete(noun, id, versions, await finder.entries(id, versions)) }
      })
    const page = await (minVersion === undefined
      ? read()
      : ports.wait({ ...awaited(id, minVersion), deadline }, read))
    return pageOf(items, page!)
  }
}

/** The item as it was at a version, or at a time. */
export function pastItems({ noun, items, ports }: HistoryParts): PastItems {
  async function atVersion(id: string, version: number, deadline: number): Promise<FoundEntry> {
    return ports.wait({ ...awaited(id, version), deadline }, () =>
      ports.read(async (finder) => {
        const newest = await finder.newest(id)
        if (newest < version) return undefined
        return complete(noun, id, [version], await finder.entries(id, [version]))[0]
      }),
    )
  }

  function atTime(id: string, time: Date): Promise<FoundEntry | undefined> {
    return ports.read(async (finder) => {
      // The times of one aggregate never run backwards, so the versions are in the order of time.
      let found: FoundEntry | undefined
      for (let low = 1, high = await finder.newest(id); low <= high;) {
        const versions = probes(low, high)
        const entries = complete(noun, id, versions, await finder.entries(id, versions))
        const reached = entries.findLast(({ occurredAt }) => occurredAt <= time)
        const passed = entries.find(({ occurredAt }) => occurredAt > time)
        found = reached ?? found
        low = (reached?.version ?? low - 1) + 1
        high = (passed?.version ?? high + 1) - 1
      }
      return found
    })
  }

  return async (request, { deadline = Infinity, violations }) => {
    const { id, version, time } = validPast(request, violations)
    const entry = version === undefined ? await atTime(id, time!) : await atVersion(id, version, deadline)
    const item: EncodedItem | undefined = entry && encodedItem(items, entry.item)
    if (!item || item.json === '') throw new AppError('not_found', `There was no ${noun} ${id} then`)
    return item
  }
}

/** Versions read at a time by the search for a time. */
const PROBES = 16

/** Versions from `low` to `high`, both included, ascending. */
function probes(low: number, high: number): number[] {
  const count = Math.min(PROBES, high - low + 1)
  if (count === 1) return [low]
  return Array.from({ length: count }, (_, i) => Math.round(low + ((high - low) * i) / (count - 1)))
}

/** From `last` down to `first`. */
function range(last: number, first: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => last - index)
}

const awaited = (id: string, version: number) => ({
  id: entryKey(id, version),
  version: 1,
  label: `version ${version} of ${id}`,
})

function complete(
  noun: string,
  id: string,
  versions: readonly number[],
  found: ReadonlyMap<number, FoundEntry>,
): FoundEntry[] {
  return versions.map((version) => {
    const entry = found.get(version)
    if (entry) return entry
    throw new AppError(
      'read_model_behind',
      `The history does not have version ${version} of the ${noun} ${id}`,
    )
  })
}

function pageOf(
  { fields }: Items,
  { id, first, found }: { id: string; first: number; found: readonly FoundEntry[] },
): HistoryPage {
  const items = found
    .filter(({ version }) => version >= first)
    .map(({ version, type, item, occurredAt, requestId }, index) => ({
      version,
      type,
      changes: changesBetween(fields, found[index + 1]?.item, item),
      occurredAt,
      requestId,
    }))
  return {
    items,
    nextPageToken: first > 1 ? encodePageToken({ key: first, id }, scopeOf(id)) : '',
  }
}

const scopeOf = (id: string) => ({ list: 'history', sort: '-version', filters: [id] })

function validHistory(
  { id, minVersion, pageSize = DEFAULT_PAGE_SIZE, pageToken }: HistoryRequest,
  others: readonly FieldViolation[] = [],
) {
  const violations = [...others, ...idProblems(id)]
  violations.push(...versionProblems('minVersion', minVersion), ...pageSizeProblems(pageSize))
  const lowerCase = id.toLowerCase()
  const position = pageToken === '' ? undefined : decodePageToken(pageToken, scopeOf(lowerCase))
  if (pageToken !== '' && !position) {
    violations.push({ field: 'pageToken', message: 'must be the nextPageToken of a page with the same id' })
  }
  if (violations.length > 0) throw invalid(violations)
  return { id: lowerCase, minVersion, pageSize, before: position && Number(position.key) }
}

function validPast(
  { id, asOfVersion, asOf }: Parameters<PastItems>[0],
  others: readonly FieldViolation[] = [],
) {
  const violations = [...others, ...idProblems(id), ...versionProblems('asOfVersion', asOfVersion)]
  const time = asOf === undefined ? undefined : parseRfc3339(asOf)
  if (asOf !== undefined && !time) {
    violations.push({ field: 'asOf', message: 'must be a time like 2026-03-14T09:26:53.589Z' })
  }
  if (violations.length > 0) throw invalid(violations)
  return { id: id.toLowerCase(), version: asOfVersion, time }
}

function idProblems(id: string): FieldViolation[] {
  return isUuid(id) ? [] : [{ field: 'id', message: 'must be a UUID' }]
}
