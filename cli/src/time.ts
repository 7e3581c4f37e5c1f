import { InvalidArgumentError } from 'commander'

const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Parses RFC 3339, or a time ago: `90s`, `15m`, `2h`, `7d`. */
export function parseTime(text: string, now = Date.now()): Date {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(text) ?? []
  if (count !== undefined) return new Date(now - Number(count) * units[unit as keyof typeof units])
  const time = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(text) ? new Date(text) : undefined
  if (time && !Number.isNaN(time.getTime())) return time
  throw new InvalidArgumentError(
    'It must be a time such as 2026-03-14T09:26:53Z, or a time ago such as 15m, 2h or 7d.',
  )
}
