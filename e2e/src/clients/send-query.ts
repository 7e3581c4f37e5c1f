import type {
  ChangesRead,
  Entry,
  GroupTotals,
  Protocol,
  Query,
  Read,
  TotalsRead,
} from '../evidence/history.ts'
import { subjectOf } from '../subjects/all.ts'
import type { Reader } from '../system/services.ts'
import { httpFound, limits } from './results.ts'

/** Sends the query once, as `client`, and records its result. */
export function sendQuery(reader: Reader, protocol: Protocol, client: string, query: Query): Promise<Read> {
  return observed(reader, protocol, client, query, () =>
    subjectOf(query.subject).query(reader, protocol, query),
  )
}

type TotalsQuery = Pick<TotalsRead, 'subject' | 'id' | 'minVersion' | 'atRest'>

/** The totals of all groups. */
export function sendTotals(reader: Reader, client: string, query: TotalsQuery): Promise<TotalsRead> {
  const { subject, id, minVersion } = query
  const { path, idName, groupName } = subjectOf(subject).totals
  const parameters = id === undefined ? '' : `?${idName}=${id}&minVersion=${minVersion}`
  type Body = { items: (GroupTotals & Record<string, string>)[]; asOf?: string }
  return observed(reader, 'http', client, query, () =>
    httpFound(reader.http.send('GET', `${path}${parameters}`, { timeoutMs: limits.queryMs }), (json) => {
      const { items, asOf } = json as Body
      const groups = items.map(({ count, sum, min, max, [groupName]: group = '' }) => {
        return { group, count, sum, min, max }
      })
      return { groups, asOf }
    }),
  )
}

/** The first page of the changes, or all pages. */
export function sendChanges(
  reader: Reader,
  client: string,
  query: Query,
  { pageSize, whole }: { pageSize: number; whole: boolean },
): Promise<ChangesRead> {
  const path = subjectOf(query.subject).changes!.path(query.id)
  const wait = query.minVersion === undefined ? '' : `&minVersion=${query.minVersion}`
  type Page = { items: Entry[]; nextPageToken?: string }
  const page = (token: string | undefined) =>
    httpFound(
      reader.http.send('GET', `${path}?pageSize=${pageSize}${wait}${token ? `&pageToken=${token}` : ''}`, {
        timeoutMs: limits.queryMs,
      }),
      (json) => json as Page,
    )
  return observed(reader, 'http', client, query, async () => {
    const entries: Entry[] = []
    for (let token: string | undefined; ;) {
      const result = await page(token)
      if (result.type !== 'found') return result
      entries.push(...result.items)
      token = result.nextPageToken
      if (token === undefined || !whole) return { type: 'found', entries, whole: token === undefined }
    }
  })
}

async function observed<Q, R>(
  reader: Reader,
  protocol: Protocol,
  client: string,
  query: Q,
  send: () => Promise<R>,
): Promise<Q & Pick<Read, 'protocol' | 'connection' | 'sentAt' | 'completedAt'> & { result: R }> {
  const launches = () => reader.process.launches
  const before = launches()
  const sentAt = Date.now()
  const result = await send()
  const completedAt = Date.now()
  const connection = before === launches() ? `${client} to ${reader.name}#${before}` : undefined
  return { ...query, protocol, connection, sentAt, completedAt, result }
}
