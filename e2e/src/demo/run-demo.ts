import { randomBytes } from 'node:crypto'
import type { Product } from '@lockstep/contracts/gen/lockstep/product/v1/product.ts'
import type { QueriesClient } from '../clients/grpc-client.ts'
import type { HttpClient } from '../clients/http-client.ts'
import { readAtVersion } from '../clients/read-at-version.ts'
import type { CatalogueProduct } from './catalogue.ts'
import { differences } from './compare.ts'
import { inParallel } from './in-parallel.ts'
import { sendDemoCommand, type Written } from './demo-command.ts'

export type DemoResult = {
  products: number
  changed: number
  deleted: number
  wrong: { name: string; differences: string[] }[]
  /** From the writer's response to the reader's response with that version, for each write, in ms. */
  waitsMs: number[]
  /** Id of the trace of the write that took longest to become readable. */
  slowestTrace: string | undefined
}

export type Step = 'written' | 'read back'

/** Enough for several events in one batch of the projection, and little load. */
const CONCURRENCY = 8

const products = '/api/v1/products'

/** What happens to each product after its creation, in rotation. */
const fates = [
  'kept',
  'changed',
  'kept',
  'replaced',
  'kept',
  'kept',
  'changed',
  'kept',
  'deleted',
  'kept',
] as const

/**
 * Sends the catalogue through the writer, changes and deletes some of it, and compares what the reader has:
 * after every write, and once more at the end. Every error of a product is a difference; nothing rejects.
 */
export async function runDemo(options: {
  writer: HttpClient
  reader: QueriesClient
  catalogue: readonly CatalogueProduct[]
  onProgress: (step: Step, done: number) => void
}): Promise<DemoResult> {
  const { writer, reader, catalogue, onProgress } = options
  const found = catalogue.map((details, index) => ({
    details,
    fate: fates[index % fates.length]!,
    id: '',
    version: 0,
    expected: undefined as Product | undefined,
    differences: [] as string[],
  }))
  type Entry = (typeof found)[number]
  const waits: { ms: number; trace: string }[] = []

  /** One write, and the read that must show it. `details` is the expected product; undefined when it must be deleted. */
  async function write(
    entry: Entry,
    details: CatalogueProduct | undefined,
    send: (traceparent: string) => Promise<Written>,
  ): Promise<void> {
    const trace = randomBytes(16).toString('hex')
    const { id, version } = await send(`00-${trace}-${randomBytes(8).toString('hex')}-01`)
    const respondedAt = performance.now()
    const got = await readAtVersion(reader, id, version)
    waits.push({ ms: performance.now() - respondedAt, trace })

    if (version !== entry.version + 1) entry.differences.push(`the writer returned version ${version}`)
    const times = { createdAt: entry.expected?.createdAt ?? got?.createdAt, updatedAt: got?.updatedAt }
    entry.id = id
    entry.version = version
    entry.expected = details && { id, version, ...details, ...times }
    entry.differences.push(...differences(entry.expected, got))
  }

  async function live(entry: Entry): Promise<void> {
    const { details, fate } = entry
    await write(entry, details, (traceparent) =>
      sendDemoCommand(writer, 'POST', products, { details, traceparent }),
    )
    const { id, version: ifMatch } = entry
    const path = `${products}/${id}`
    if (fate === 'changed') {
      const changes = { priceCents: details.priceCents === 0 ? 100 : Math.floor(details.priceCents * 0.9) }
      await write(entry, { ...details, ...changes }, (traceparent) =>
        sendDemoCommand(writer, 'PATCH', path, { details: changes, ifMatch, traceparent }),
      )
    } else if (fate === 'replaced') {
      const { name, priceCents } = details
      await write(entry, { name, priceCents, description: '', category: 'general' }, (traceparent) =>
        sendDemoCommand(writer, 'PUT', path, { details: { name, priceCents }, ifMatch, traceparent }),
      )
    } else if (fate === 'deleted') {
      await write(entry, undefined, (traceparent) =>
        sendDemoCommand(writer, 'DELETE', path, { ifMatch, traceparent }),
      )
    }
  }

  async function readBack(entry: Entry): Promise<void> {
    if (entry.id === '') return
    entry.differences.push(
      ...differences(entry.expected, await readAtVersion(reader, entry.id, entry.version)),
    )
  }

  async function forEach(step: Step, work: (entry: Entry) => Promise<void>): Promise<void> {
    let done = 0
    await inParallel(found, CONCURRENCY, async (entry) => {
      try {
        await work(entry)
      } catch (error) {
        entry.differences.push((error as Error).message)
      }
      onProgress(step, ++done)
    })
  }

  await forEach('written', live)
  await forEach('read back', readBack)

  const slowest = waits.toSorted((a, b) => b.ms - a.ms)[0]
  return {
    products: found.length,
    changed: found.filter(({ fate }) => fate === 'changed' || fate === 'replaced').length,
    deleted: found.filter(({ fate }) => fate === 'deleted').length,
    wrong: found.flatMap(({ details: { name }, differences: each }) =>
      each.length > 0 ? [{ name, differences: [...new Set(each)] }] : [],
    ),
    waitsMs: waits.map(({ ms }) => ms),
    slowestTrace: slowest?.trace,
  }
}
