import { isDeepStrictEqual } from 'node:util'
import type { Rejected, SourceRecord } from '../evidence/evidence.ts'
import type { Violation } from './violation.ts'

/** Every record that can never be handled is in the error topic with its bytes and headers, and no other record is. */
export function wrongDeadLetters({ group, bad, deadLetters }: Rejected): Violation[] {
  const identity = ({ topic, partition, offset }: SourceRecord) => `${topic}/${partition}@${offset}`
  const byIdentity = Map.groupBy(deadLetters, identity)
  const expected = new Set(bad.map(identity))
  const missing = bad.flatMap((record) => {
    const place = identity(record)
    const found = byIdentity.get(place)
    if (!found) return [`${place} is bad and not in the error topic`]
    if (found.some((each) => each.group !== group))
      return [`${place} in the error topic does not name its consumer group`]
    const same = found.every(
      ({ value, headers }) => value.equals(record.value) && isDeepStrictEqual(headers, record.headers),
    )
    return same ? [] : [`${place} has other bytes or headers in the error topic`]
  })
  const good = [...byIdentity.keys()].filter((place) => !expected.has(place))
  return [...missing, ...good.map((place) => `${place} is good and in the error topic`)].map((what) => ({
    check: 'dead letters',
    what: `${group}: ${what}`,
  }))
}
