import { setTimeout as sleep } from 'node:timers/promises'
import { queriesClient } from '@lockstep/e2e/clients/grpc-client.ts'
import { httpClient } from '@lockstep/e2e/clients/http-client.ts'
import { readAtVersion } from '@lockstep/e2e/clients/read-at-version.ts'
import type { StackSettings } from '@lockstep/local-infra/stack/settings.ts'

export const RATE = 50
const SECONDS = 20
const WARM_UP_SECONDS = 5

export type Waits = {
  /** From the writer's response to the reader's response, ms. */
  fromResponse: number[]
  /** From the moment the command was due to the reader's response, ms. */
  fromDue: number[]
  /** The number of products that could not be read within 20 s. */
  never: number
}

/**
 * Sends one create every 20 ms, whether or not the earlier ones have a response. Each response is followed at once by
 * a gRPC query with `min_version`.
 */
export async function measureWriteToReadable(settings: StackSettings): Promise<Waits> {
  const writer = httpClient(`http://127.0.0.1:${settings.WRITER_HTTP_PORT}`)
  using reader = queriesClient(`127.0.0.1:${settings.READER_GRPC_PORT}`)
  const waits: Waits = { fromResponse: [], fromDue: [], never: 0 }

  async function writeAndRead(due: number, counts: boolean): Promise<void> {
    const json = { name: 'Blue enamel teapot', category: 'kitchen', priceCents: 3490 }
    const created = await writer.send('POST', '/api/v1/products', { json })
    if (created.status !== 201) throw new Error(`the writer returned ${created.status}: ${created.text}`)
    const respondedAt = performance.now()
    const { id, version } = created.json as { id: string; version: number }
    const product = await readAtVersion(reader, id, version).catch(() => undefined)
    if (!counts) return
    if (product === undefined) {
      waits.never++
      return
    }
    waits.fromResponse.push(performance.now() - respondedAt)
    waits.fromDue.push(performance.now() - due)
  }

  const began = performance.now()
  const all: Promise<void>[] = []
  for (let sent = 0; sent < RATE * (WARM_UP_SECONDS + SECONDS); sent++) {
    const due = began + (sent * 1_000) / RATE
    await sleep(Math.max(0, due - performance.now()))
    const done = writeAndRead(due, sent >= RATE * WARM_UP_SECONDS)
    // Handled by Promise.all below; until then a rejection must not count as unhandled.
    done.catch(() => {})
    all.push(done)
  }
  await Promise.all(all)
  return waits
}
