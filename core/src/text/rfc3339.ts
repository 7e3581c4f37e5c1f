/** RFC 3339 has four digits for the year. A protobuf Timestamp may be out of this range, or invalid. */
const earliest = Date.parse('0000-01-01T00:00:00.000Z')
const latest = Date.parse('9999-12-31T23:59:59.999Z')

export function isRfc3339Time(time: Date | undefined): boolean {
  const milliseconds = time?.getTime() ?? NaN
  return milliseconds >= earliest && milliseconds <= latest
}
