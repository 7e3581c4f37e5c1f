import type { FieldViolation } from '../errors/app-error.ts'

export type TimeRange = { since?: Date | undefined; until?: Date | undefined }

/** The first and last moment that RFC 3339 can write; a protobuf Timestamp may hold others, and nonsense. */
const earliest = Date.parse('0000-01-01T00:00:00.000Z')
const latest = Date.parse('9999-12-31T23:59:59.999Z')

export function timeFaults({ since, until }: TimeRange): FieldViolation[] {
  return Object.entries({ since, until }).flatMap(([field, time]) => {
    if (time === undefined || (time.getTime() >= earliest && time.getTime() <= latest)) return []
    return [{ field, message: 'must be a time from the year 0 to 9999' }]
  })
}
