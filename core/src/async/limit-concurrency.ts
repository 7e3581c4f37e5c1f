import { Counter, Gauge, type Registry } from 'prom-client'
import { AppError } from '../errors/app-error.ts'

/** Does the work, or throws `overloaded` at once when the limit is reached. */
export type ConcurrencyLimit = <T>(work: () => Promise<T>) => Promise<T>

/** At most `limit` pieces of work in flight. */
export function limitConcurrency(options: {
  limit: number
  /** Receives the number of pieces in flight after each change. */
  onChange?: (inFlight: number) => void
  onRefused?: () => void
  /** The message of the error. */
  detail?: string
}): ConcurrencyLimit {
  const { limit, onChange, onRefused, detail = 'Too many requests are in flight; nothing was done' } = options
  let inFlight = 0
  return async (work) => {
    if (inFlight >= limit) {
      onRefused?.()
      throw new AppError('overloaded', detail)
    }
    inFlight++
    onChange?.(inFlight)
    try {
      return await work()
    } finally {
      inFlight--
      onChange?.(inFlight)
    }
  }
}

/**
 * Limits the requests in flight of a process, over all protocols. Without it, a burst queues in front of the database:
 * each request waits until its caller has timed out, and delays the requests behind it, whose callers still wait.
 */
export function requestLimit(options: { limit: number; metrics: Registry }): ConcurrencyLimit {
  const registers = [options.metrics]
  let count = 0
  new Gauge({
    name: 'requests_in_flight',
    help: 'Requests in flight, over HTTP and gRPC',
    registers,
    collect() {
      this.set(count)
    },
  })
  const refused = new Counter({
    name: 'requests_refused_total',
    help: 'Requests refused because the limit of requests in flight was reached',
    registers,
  })
  return limitConcurrency({
    limit: options.limit,
    onChange: (inFlight) => (count = inFlight),
    onRefused: () => refused.inc(),
  })
}
