/** The range of a protobuf Timestamp. RFC 3339 has four digits for the year, so it has the same end. */
const earliest = Date.parse('0001-01-01T00:00:00.000Z')
const latest = Date.parse('9999-12-31T23:59:59.999Z')

export function isRfc3339Time(time: Date | undefined): boolean {
  const milliseconds = time?.getTime() ?? NaN
  return milliseconds >= earliest && milliseconds <= latest
}

/** Our times have milliseconds, so further digits must be zeros. A leap second has no Date. */
const pattern =
  /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,3}0*)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/

/** Undefined for a text that is not a time of RFC 3339, also for 30 February, which Date reads as 2 March. */
export function parseRfc3339(text: string): Date | undefined {
  const [, day = ''] = pattern.exec(text) ?? []
  const midnight = new Date(`${day}T00:00:00Z`)
  if (Number.isNaN(midnight.getTime()) || !midnight.toISOString().startsWith(day)) return undefined
  const time = new Date(text)
  return isRfc3339Time(time) ? time : undefined
}
