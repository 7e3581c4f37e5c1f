import { Histogram, type Registry } from 'prom-client'

/** Observes how many commands one statement commits. */
export function batchMetric(registry: Registry): (commands: number) => void {
  const histogram = new Histogram({
    name: 'writer_batch_commands',
    help: 'Commands that were executed together, in one batch',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers: [registry],
  })
  return (commands) => histogram.observe(commands)
}
