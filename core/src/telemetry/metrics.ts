import { collectDefaultMetrics, Registry } from 'prom-client'

/** The registry of one process. The scrape configuration adds the name of the service. */
export function createMetrics(): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return registry
}

/** Buckets for durations in seconds, from a cache hit to a dependency that hangs. */
export const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
