import type { FieldViolation } from '../errors/app-error.ts'
import { isRfc3339Time } from '../text/rfc3339.ts'

export type TimeRange = { since?: Date | undefined; until?: Date | undefined }

export function timeViolations({ since, until }: TimeRange): FieldViolation[] {
  return Object.entries({ since, until }).flatMap(([field, time]) =>
    time === undefined || isRfc3339Time(time)
      ? []
      : [{ field, message: 'must be a time from the year 1 to 9999' }],
  )
}
