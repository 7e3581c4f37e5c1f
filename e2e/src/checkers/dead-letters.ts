import { isDeepStrictEqual } from 'node:util'
import type { Rejected, SourceRecord } from '../evidence/evidence.ts'
import type { Violation } from './violation.ts'

/** E: every record that can never be handled is in the error topic with its bytes and headers, and no other is. */
export function misplaced({ bad, given }: Rejected): Violation[] {
  const identity = ({ topic, partition, offset }: SourceRecord) => `${topic}/${partition}@${offset}`
  const givenBy = Map.groupBy(given, identity)
  const wanted = new Set(bad.map(identity))
  const missing = bad.flatMap((record): Violation[] => {
    const place = identity(record)
    const found = givenBy.get(place)
    if (!found) return [{ promise: 'E', what: `${place} is bad and not in the error topic` }]
    if (found.some(({ group }) => group === undefined))
      return [{ promise: 'E', what: `${place} does not say which group gave it up` }]
    const same = found.every(
      ({ value, headers }) => value.equals(record.value) && isDeepStrictEqual(headers, record.headers),
    )
    return same ? [] : [{ promise: 'E', what: `${place} has other bytes or headers in the error topic` }]
  })
  const good = [...givenBy.keys()].filter((place) => !wanted.has(place))
  return [
    ...missing,
    ...good.map((place): Violation => ({ promise: 'E', what: `${place} was good and given up` })),
  ]
}
