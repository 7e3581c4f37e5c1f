import { Counter, Gauge, type Registry } from 'prom-client'
import { AppError } from '../errors/app-error.ts'

/** Does the work, or throws `overloaded` at once when the limit is reached. */
export type ConcurrencyLimit = <T>(work: () => Promise<T>) => Promise<T>

/** At most `limit` pieces of work in flight. `onChange` receives their number after each change. */
export function limitConcurrency(
  limit: number,
  onChange: (inFlight: number) => void = () => {},
  onRefused: () => void = () => {},
): ConcurrencyLimit {
  let inFlight = 0
  return async (work) => {
    if (inFlight >= limit) {
      onRefused()
      throw new AppError('overloaded', 'Too many requests are in flight; nothing was done')
    }
    onChange(++inFlight)
    try {
      return await work()
    } finally {
      onChange(--inFlight)
    }
  }
}

/**
 * Limits the requests in flight of a process, over all protocols. Without it, a burst queues in front of the database:
 * each request waits until its caller has timed out, and delays the requests behind it, whose callers still wait.
 */
export function requestLimit(options: { limit: number; metrics: Registry }): ConcurrencyLimit {
  const registers = [options.metrics]
  const inFlight = new Gauge({
    name: 'requests_in_flight',
    help: 'Requests in flight, over HTTP and gRPC',
    registers,
  })
  const refused = new Counter({
    name: 'requests_refused_total',
    help: 'Requests refused because the limit of requests in flight was reached',
    registers,
  })
  return limitConcurrency(
    options.limit,
    (count) => inFlight.set(count),
    () => refused.inc(),
  )
}
