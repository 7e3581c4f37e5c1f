import type { Protocol, Query, Read } from '../evidence/history.ts'
import { subjectOf } from '../subjects/all.ts'
import type { Reader } from '../system/services.ts'

/** Sends the query once, as `client`, and records its result. */
export async function sendQuery(
  reader: Reader,
  protocol: Protocol,
  client: string,
  query: Query,
): Promise<Read> {
  const launches = () => reader.process.launches
  const before = launches()
  const sentAt = Date.now()
  const result = await subjectOf(query.subject).query(reader, protocol, query)
  const completedAt = Date.now()
  const connection = before === launches() ? `${client} to ${reader.name}#${before}` : undefined
  return { ...query, protocol, connection, sentAt, completedAt, result }
}
