import { Counter, Gauge, type Registry } from 'prom-client'
import { AppError } from '../errors/app-error.ts'

/** Does the work, or throws `overloaded` at once when so much is under way that one more would only wait. */
export type Admission = <T>(work: () => Promise<T>) => Promise<T>

/** At most `limit` at a time. `onChange` is told how many are under way, `onRefused` of each that is refused. */
export function bounded(
  limit: number,
  onChange: (underWay: number) => void = () => {},
  onRefused: () => void = () => {},
): Admission {
  let underWay = 0
  return async (work) => {
    if (underWay >= limit) {
      onRefused()
      throw new AppError('overloaded', 'Too many requests are under way; nothing was done')
    }
    onChange(++underWay)
    try {
      return await work()
    } finally {
      onChange(--underWay)
    }
  }
}

/**
 * Bounds what a process has under way for its callers, over all protocols. Without it a burst piles up in front of
 * the database, where each request waits until its caller has given up, and then takes the place of one whose caller
 * has not.
 */
export function admission(options: { limit: number; metrics: Registry }): Admission {
  const registers = [options.metrics]
  const inFlight = new Gauge({
    name: 'requests_in_flight',
    help: 'Requests of callers that are under way, over HTTP and gRPC',
    registers,
  })
  const refused = new Counter({
    name: 'requests_refused_total',
    help: 'Requests refused at once because as many as allowed were under way',
    registers,
  })
  return bounded(
    options.limit,
    (underWay) => inFlight.set(underWay),
    () => refused.inc(),
  )
}
