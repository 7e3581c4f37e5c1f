import { randomUUID } from 'node:crypto'
import { migratedDatabase } from '@lockstep/testkit/migrated-database.ts'
import { expect, inject, test } from 'vitest'
import { productAggregate } from '../../product/commands.ts'
import { connectWriter, pendingCommit } from '../testing/test-writer.ts'
import { postgresStoredEvents, type ListedEvent } from './stored-events.ts'

const create = {
  type: 'create',
  details: { name: 'Tea', description: 'Green', category: 'tea', priceCents: 250 },
}
const update = (priceCents: number) => ({ type: 'update', changes: { priceCents } })

/** Three products with three versions each. */
async function setup() {
  const writer = connectWriter(await migratedDatabase(inject('postgresUrl')))
  const ids = [randomUUID(), randomUUID(), randomUUID()].toSorted()
  const commits = ids.map((id) => pendingCommit(productAggregate, { id }, [create, update(1), update(2)]))
  await writer.store.commit(commits)
  return {
    ids,
    events: postgresStoredEvents(writer.pool),
    [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
  }
}

const positions = (events: readonly ListedEvent[]) => events.map(({ id, version }) => ({ id, version }))

test('events are listed in the order of id and version, in pages that cut through an aggregate', async () => {
  await using writer = await setup()
  const all = writer.ids.flatMap((id) => [1, 2, 3].map((version) => ({ id, version })))
  const list = (after: ListedEvent | undefined, upTo?: { id: string; version: number }) =>
    writer.events.list('product', { after, upTo, limit: 4 })
  const first = await list(undefined)
  const second = await list(first.at(-1))
  const third = await list(second.at(-1))
  expect(positions([...first, ...second, ...third])).toEqual(all)
  expect(positions(await list(first.at(-1), all[5]))).toEqual(all.slice(4, 6))
  expect(await writer.events.list('stock', { after: undefined, upTo: undefined, limit: 4 })).toEqual([])
})

test('an event is listed as it was published; those that do not exist are absent', async () => {
  await using writer = await setup()
  const [id = ''] = writer.ids
  const wanted = [1, 3, 4].map((version) => ({ id, version }))
  const found = await writer.events.find('product', wanted)
  expect(positions(found)).toEqual(wanted.slice(0, 2))
  const { contract } = productAggregate.events
  expect(contract.decode(found[1]!.payload)).toMatchObject({
    productId: id,
    version: 3,
    change: { $case: 'updated' },
  })
})
