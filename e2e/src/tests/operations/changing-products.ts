import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { eventually } from '../../system/eventually.ts'
import type { Stack } from '../../system/stack.ts'

const PRODUCTS = 15
const CHANGE_EVERY_MS = 100

/** The acknowledged versions of products, which change until it is disposed of. */
export type ChangingProducts = AsyncDisposable & { versions: ReadonlyMap<string, number> }

/** Changes the price and the category of a few products, through both writers. */
export async function changingProducts({ writers }: Pick<Stack, 'writers'>): Promise<ChangingProducts> {
  const stop = new AbortController()
  const versions = new Map<string, number>()
  const one = async (index: number) => {
    const { http } = writers[index % 2]!
    const id = randomUUID()
    const send = async (method: string, path: string, json: object) => {
      const { json: body } = await http.send(method, path, { json, timeoutMs: 60_000 })
      versions.set(id, (body as { version: number }).version)
    }
    const category = (round: number) => `changing-${(index + round) % 3}`
    await send('POST', '/api/v1/products', { id, name: 'Teapot', category: category(0), priceCents: index })
    for (let round = 1; !stop.signal.aborted; round++) {
      const change = { priceCents: 100 * round + index, category: category(round) }
      await send('PATCH', `/api/v1/products/${id}`, change)
      await sleep(CHANGE_EVERY_MS)
    }
  }
  const all = Promise.all(Array.from({ length: PRODUCTS }, (_, index) => one(index)))
  await eventually(() => expect(versions.size).toBe(PRODUCTS), { withinMs: 60_000 })
  return {
    versions,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await all
    },
  }
}
