import { setTimeout as sleep } from 'node:timers/promises'
import { queriesClient } from '@lockstep/e2e/clients/grpc-client.ts'
import { httpClient } from '@lockstep/e2e/clients/http-client.ts'
import { readAtVersion } from '@lockstep/e2e/clients/read-at-version.ts'
import type { StackSettings } from '@lockstep/local-infra/stack/settings.ts'

export const RATE = 50
const SECONDS = 20
const WARM_UP_SECONDS = 5

export type Waits = {
  /** From the writer's answer to the reader's, ms. */
  fromAnswer: number[]
  /** From the moment the command was due to the reader's answer, ms. */
  fromSend: number[]
  /** Those that could not be read in 20 s. */
  never: number
}

/**
 * One create every 20 ms, whether or not the earlier ones are answered, and for each a query over gRPC with
 * `min_version` as soon as the writer has answered.
 */
export async function measureWriteToReadable(settings: StackSettings): Promise<Waits> {
  const writer = httpClient(`http://127.0.0.1:${settings.WRITER_HTTP_PORT}`)
  using reader = queriesClient(`127.0.0.1:${settings.READER_GRPC_PORT}`)
  const waits: Waits = { fromAnswer: [], fromSend: [], never: 0 }

  async function writeAndRead(due: number, counts: boolean): Promise<void> {
    const json = { name: 'Blue enamel teapot', category: 'kitchen', priceCents: 3490 }
    const created = await writer.send('POST', '/api/v1/products', { json })
    if (created.status !== 201) throw new Error(`the writer answered ${created.status}: ${created.text}`)
    const answeredAt = performance.now()
    const { id, version } = created.json as { id: string; version: number }
    const product = await readAtVersion(reader, id, version).catch(() => undefined)
    if (!counts) return
    if (product === undefined) {
      waits.never++
      return
    }
    waits.fromAnswer.push(performance.now() - answeredAt)
    waits.fromSend.push(performance.now() - due)
  }

  const began = performance.now()
  const all: Promise<void>[] = []
  for (let sent = 0; sent < RATE * (WARM_UP_SECONDS + SECONDS); sent++) {
    const due = began + (sent * 1_000) / RATE
    await sleep(Math.max(0, due - performance.now()))
    const done = writeAndRead(due, sent >= RATE * WARM_UP_SECONDS)
    // Looked at below, and not before all are sent.
    done.catch(() => {})
    all.push(done)
  }
  await Promise.all(all)
  return waits
}
