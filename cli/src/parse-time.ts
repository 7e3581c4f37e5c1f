import { isRfc3339Time, parseRfc3339 } from '@lockstep/core/text/rfc3339.ts'
import { InvalidArgumentError } from 'commander'

const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * Parses an RFC 3339 time, a date (midnight UTC) or an age: `90s`, `15m`, `2h`, `7d`. Throws InvalidArgumentError.
 */
export function parseTime(text: string, now = Date.now()): Date {
  const day = /^\d{4}-\d\d-\d\d$/.test(text)
  const time = timeBefore(text, now) ?? parseRfc3339(day ? `${text}T00:00:00Z` : text)
  if (time && isRfc3339Time(time)) return time
  throw new InvalidArgumentError(
    'It must be a time that exists such as 2026-03-14T09:26:53Z (with milliseconds at most), a date such as 2026-03-14, or an age such as 15m, 2h or 7d.',
  )
}

function timeBefore(text: string, now: number): Date | undefined {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(text) ?? []
  if (count === undefined) return undefined
  return new Date(now - Number(count) * units[unit as keyof typeof units])
}
