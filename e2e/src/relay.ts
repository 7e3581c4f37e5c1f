import { eventually } from './eventually.ts'
import type { Service, Writer } from './stack.ts'

/** The value of a metric without labels, or with any. */
export async function metric({ admin }: Service, name: string): Promise<number | undefined> {
  const { text } = await admin.send('GET', '/metrics', { timeoutMs: 2_000 })
  const value = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1]
  return value === undefined ? undefined : Number(value)
}

/** The writer that relays the outbox, of those that answer. */
export function relayHolder(writers: readonly Writer[], withinMs = 15_000): Promise<Writer> {
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
