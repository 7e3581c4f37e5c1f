import { randomUUID } from 'node:crypto'
import { expect, inject, test } from 'vitest'
import { aggregateSuite } from '../runtime/testing/aggregate-suite.ts'
import { migratedDatabase } from '@lockstep/testkit/migrated-database.ts'
import { callWith, connectWriter, executeOn } from '../runtime/testing/test-writer.ts'
import { productAggregate } from './commands.ts'
import type { ProductCommand } from './product.ts'

const tea = { name: 'Tea', description: 'Green', category: 'tea', priceCents: 250 }
const create: ProductCommand = { type: 'create', details: tea }
const update = (changes: Partial<typeof tea>): ProductCommand => ({ type: 'update', changes })

aggregateSuite(productAggregate, {
  create,
  change: (n) => update({ priceCents: 1_000 + n }),
  unchanged: update({ name: tea.name }),
  refused: { command: update({ name: 'early' }), code: 'not_found' },
  delete: { type: 'delete' },
  requests: [
    { command: 'create', body: tea, message: { product: tea } },
    { command: 'replace', body: { name: 'Coffee', priceCents: 1 } },
    {
      command: 'patch',
      body: { name: 'Cocoa', priceCents: 2 },
      message: { product: { name: 'Cocoa', priceCents: 2 }, updateMask: ['name', 'price_cents'] },
    },
    { command: 'delete', message: {} },
  ],
})

test('of creations that race for one id, one wins, and the others are refused', async () => {
  await using writer = connectWriter(await migratedDatabase(inject('postgresUrl')))
  const execute = executeOn(writer.pool)
  const request = { id: randomUUID(), expectedVersion: undefined, command: create }
  const results = await Promise.allSettled(
    Array.from({ length: 6 }, () => execute(productAggregate, request, callWith())),
  )
  const codes = results.map((result) =>
    result.status === 'fulfilled' ? 'created' : (result.reason as { code: string }).code,
  )
  expect(codes.toSorted()).toEqual([...Array.from({ length: 5 }, () => 'already_exists'), 'created'])
})

test('the view of products has a column for each field', async () => {
  await using writer = connectWriter(await migratedDatabase(inject('postgresUrl')))
  const execute = executeOn(writer.pool)
  const run = (command: ProductCommand, id?: string) =>
    execute(productAggregate, { id, expectedVersion: undefined, command }, callWith())
  const { id } = await run(create)
  await run({ type: 'delete' }, id)
  const { rows } = await writer.pool.query('select * from products')
  expect(rows).toEqual([
    {
      id,
      version: 2,
      name: 'Tea',
      description: 'Green',
      category: 'tea',
      price_cents: 250,
      created_at: expect.any(Date),
      updated_at: expect.any(Date),
      deleted_at: expect.any(Date),
    },
  ])
})
