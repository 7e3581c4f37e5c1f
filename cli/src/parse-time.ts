import { isRfc3339Time } from '@lockstep/core/text/rfc3339.ts'
import { InvalidArgumentError } from 'commander'

const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

const timePattern = /^(\d{4}-\d\d-\d\d)(T([01]\d|2[0-3]):\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?$/

/**
 * Parses an RFC 3339 time, a date (midnight UTC) or an age: `90s`, `15m`, `2h`, `7d`. Throws InvalidArgumentError.
 */
export function parseTime(text: string, now = Date.now()): Date {
  const time = timeBefore(text, now) ?? timeOf(text)
  if (time && isRfc3339Time(time)) return time
  throw new InvalidArgumentError(
    'It must be a time such as 2026-03-14T09:26:53Z, a date such as 2026-03-14, or an age such as 15m, 2h or 7d.',
  )
}

function timeBefore(text: string, now: number): Date | undefined {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(text) ?? []
  if (count === undefined) return undefined
  return new Date(now - Number(count) * units[unit as keyof typeof units])
}

/** Date reads 30 February as 2 March, so the day is compared. */
function timeOf(text: string): Date | undefined {
  const [, day] = timePattern.exec(text) ?? []
  if (day === undefined) return undefined
  const midnight = new Date(day)
  if (!isRfc3339Time(midnight) || !midnight.toISOString().startsWith(day)) return undefined
  return new Date(text)
}
