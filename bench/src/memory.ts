import { setTimeout as sleep } from 'node:timers/promises'
import { httpClient } from '@lockstep/e2e/clients/http-client.ts'
import type { StackSettings } from '@lockstep/local-infra/stack/settings.ts'

/** Resident memory, in MB (10^6 bytes). */
export type Memory = { writer: number; reader: number }

export async function measureMemory(settings: StackSettings): Promise<Memory> {
  const [writer, reader] = await Promise.all([
    resident(settings.WRITER_ADMIN_PORT),
    resident(settings.READER_ADMIN_PORT),
  ])
  return { writer, reader }
}

/** The highest value of each service while `work` runs, sampled every half second. */
export async function highestMemoryDuring<T>(
  settings: StackSettings,
  work: Promise<T>,
): Promise<{ result: T; highest: Memory }> {
  const highest: Memory = { writer: 0, reader: 0 }
  let running = true
  const finished = work.finally(() => (running = false))
  const watching = (async () => {
    while (running) {
      const { writer, reader } = await measureMemory(settings)
      highest.writer = Math.max(highest.writer, writer)
      highest.reader = Math.max(highest.reader, reader)
      await Promise.race([sleep(500), finished.catch(() => {})])
    }
  })()
  const result = await finished
  await watching
  return { result, highest }
}

async function resident(adminPort: number): Promise<number> {
  const { text } = await httpClient(`http://127.0.0.1:${adminPort}`).send('GET', '/metrics')
  const bytes = /^process_resident_memory_bytes (\S+)$/m.exec(text)?.[1]
  return Number(bytes) / 1e6
}
