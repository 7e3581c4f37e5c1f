import { randomUUID } from 'node:crypto'
import { migratedDatabase } from '@lockstep/testkit/migrated-database.ts'
import fc from 'fast-check'
import { expect, inject, test } from 'vitest'
import { aggregateSuite } from '../runtime/testing/aggregate-suite.ts'
import { callWith, connectWriter, executeOn } from '../runtime/testing/test-writer.ts'
import { stockAggregate } from './commands.ts'
import type { Stock, StockCommand } from './stock.ts'

const receive = (quantity: number): StockCommand => ({ type: 'receive', quantity })

aggregateSuite(stockAggregate, {
  create: receive(5),
  change: (n) => receive(n + 1),
  unchanged: { type: 'count', onHand: 5 },
  refused: { command: { type: 'count', onHand: 1 }, code: 'not_found' },
  requests: [
    { command: 'receive', body: { quantity: 10 }, message: { quantity: 10 } },
    {
      command: 'reserve',
      body: { reservationId: 'a', quantity: 3 },
      message: { reservationId: 'a', quantity: 3 },
    },
    { command: 'release', parameters: { reservationId: 'a' }, message: { reservationId: 'a' } },
    {
      command: 'reserve',
      body: { reservationId: 'b', quantity: 2 },
      message: { reservationId: 'b', quantity: 2 },
    },
    { command: 'ship', parameters: { reservationId: 'b' }, message: { reservationId: 'b' } },
    { command: 'count', body: { onHand: 4 }, message: { onHand: 4 } },
  ],
})

const reservationId = fc.constantFrom('a', 'b', 'c')
const command: fc.Arbitrary<StockCommand> = fc.oneof(
  fc.integer({ min: 1, max: 3 }).map(receive),
  fc.record({
    type: fc.constant('reserve' as const),
    reservationId,
    quantity: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ type: fc.constantFrom('release' as const, 'ship' as const), reservationId }),
  fc.record({ type: fc.constant('count' as const), onHand: fc.integer({ min: 0, max: 4 }) }),
)

test('concurrent commands through two writers never reserve stock that is not there', async () => {
  const url = await migratedDatabase(inject('postgresUrl'))
  await using first = connectWriter(url)
  await using second = connectWriter(url)
  const writers = [executeOn(first.pool), executeOn(second.pool)]
  const batch = fc.array(fc.tuple(fc.nat({ max: 1 }), command), { minLength: 8, maxLength: 16 })
  await fc.assert(
    fc.asyncProperty(batch, async (commands) => {
      const id = randomUUID()
      const results = await Promise.allSettled(
        [[0, receive(4)] as const, ...commands].map(([writer, each]) =>
          writers[writer]!(stockAggregate, { id, expectedVersion: undefined, command: each }, callWith()),
        ),
      )
      for (const result of results) {
        if (result.status === 'rejected')
          expect(result.reason).toHaveProperty(
            'kind',
            expect.stringMatching(/^(not_found|conflict|precondition)$/),
          )
      }
      const { rows } = await first.pool.query<{ version: number; payload: Buffer }>(
        `select version, payload from events where type = 'stock' and id = $1 order by version`,
        [id],
      )
      // Every state that there ever was.
      for (const [index, { version, payload }] of rows.entries()) {
        expect(version).toBe(index + 1)
        const { onHand, reservations } = stockAggregate.events.stateOf(
          stockAggregate.events.contract.decode(payload),
        ) as Stock
        const reserved = reservations.reduce((sum, { quantity }) => sum + quantity, 0)
        expect(reserved).toBeLessThanOrEqual(onHand)
      }
    }),
    { numRuns: 30 },
  )
})

test('the view of stocks has the quantity on hand and the reserved quantity', async () => {
  await using writer = connectWriter(await migratedDatabase(inject('postgresUrl')))
  const execute = executeOn(writer.pool)
  const id = randomUUID()
  const commands: StockCommand[] = [
    receive(10),
    { type: 'reserve', reservationId: 'a', quantity: 3 },
    { type: 'reserve', reservationId: 'b', quantity: 4 },
  ]
  for (const each of commands)
    await execute(stockAggregate, { id, expectedVersion: undefined, command: each }, callWith())
  const { rows } = await writer.pool.query('select id, version, on_hand, reserved from stock')
  expect(rows).toEqual([{ id, version: 3, on_hand: 10, reserved: 7 }])
})
