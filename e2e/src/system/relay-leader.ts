import { eventually } from './eventually.ts'
import { metric } from './metric.ts'
import type { Writer } from './services.ts'

/** The writer that relays the outbox, of those that answer. */
export function relayHolder(writers: readonly Writer[], withinMs = 60_000): Promise<Writer> {
  return eventually(
    async () => {
      for (const writer of writers) {
        if ((await metric(writer, 'outbox_relay_holder')) === 1) return writer
      }
      throw new Error('nobody relays the outbox')
    },
    { withinMs },
  )
}
