import { type KeepAlive, type Sent, keepAlive } from '../load/keep-alive.ts'

export type MixedTraffic = Disposable & {
  /** One request, or a create and its read. */
  next(): Promise<void>
  readonly requests: number
  /** The unexpected responses, by what they were. */
  readonly errors: Errors
  /** Counts from zero again. */
  reset(): void
}

export type Errors = ReadonlyMap<string, Occurrences>

/** The times are for the logs of the services: what happened then? */
export type Occurrences = { count: number; first: Date; last: Date }

/** Products and stocks that are read and changed; older ones are forgotten. */
const KEPT = 10_000

/** What callers of a catalogue do, and the shares of it. */
const shares = { read: 0.6, patch: 0.15, receive: 0.1, create: 0.15 }

export function mixedTraffic(writerUrl: string, readerUrl: string): MixedTraffic {
  const writer = keepAlive(writerUrl)
  const reader = keepAlive(readerUrl)
  const ids: string[] = []
  const errors = new Map<string, Occurrences>()
  let requests = 0
  let created = 0

  const send = async (client: KeepAlive, expected: number, ...request: Parameters<KeepAlive['send']>) => {
    requests++
    const [method, path] = request
    const response = await client
      .send(...request)
      .catch((error: Error): Sent => ({ status: 0, body: error.message }))
    if (response.status === expected) return response
    const what = `${method} ${path.replace(/[0-9a-f-]{36}/, '{id}')}: ${response.status} ${response.body.slice(0, 120)}`
    const last = new Date()
    const { count, first } = errors.get(what) ?? { count: 0, first: last }
    errors.set(what, { count: count + 1, first, last })
    return undefined
  }
  const create = async () => {
    const price = { priceCents: Math.floor(Math.random() * 1e6) }
    const product = { name: 'Blue enamel teapot', category: 'kitchen', ...price }
    const response = await send(writer, 201, 'POST', '/api/v1/products', product)
    if (!response) return
    const { id } = JSON.parse(response.body) as { id: string }
    const read = await send(reader, 200, 'GET', `/api/v1/products/${id}?minVersion=1`)
    if (read) ids[created++ % KEPT] = id
  }
  const work: Record<keyof typeof shares, (id: string) => Promise<unknown>> = {
    read: (id) => send(reader, 200, 'GET', `/api/v1/products/${id}`),
    patch: (id) =>
      send(writer, 200, 'PATCH', `/api/v1/products/${id}`, { priceCents: Math.floor(Math.random() * 1e6) }),
    receive: (id) => send(writer, 200, 'POST', `/api/v1/stock/${id}/receipts`, { quantity: 1 }),
    create,
  }
  return {
    errors,
    get requests() {
      return requests
    },
    reset() {
      errors.clear()
      requests = 0
    },
    async next() {
      const id = ids[Math.floor(Math.random() * ids.length)]
      await (id === undefined ? create() : work[chosen()](id))
    },
    [Symbol.dispose]() {
      writer[Symbol.dispose]()
      reader[Symbol.dispose]()
    },
  }
}

function chosen(): keyof typeof shares {
  let left = Math.random()
  for (const [name, share] of Object.entries(shares)) {
    left -= share
    if (left < 0) return name as keyof typeof shares
  }
  return 'read'
}
