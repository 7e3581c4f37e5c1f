import { eventually } from './eventually.ts'
import { metric } from './metric.ts'
import type { Writer } from './services.ts'

/** The writer that is the relay leader, among those that respond. */
export function relayLeader(writers: readonly Writer[], withinMs = 60_000): Promise<Writer> {
  return eventually(
    async () => {
      for (const writer of writers) {
        if ((await metric(writer, 'outbox_relay_holder')) === 1) return writer
      }
      throw new Error('no writer is the relay leader')
    },
    { withinMs },
  )
}
