import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { Aggregate, AnyCommand } from '../aggregate.ts'
import type { StoredAggregate } from '../commands/ports.ts'
import { commitGuarantees } from './commit-guarantees.ts'
import { executionGuarantees } from './execution-guarantees.ts'
import { migratedDatabase } from '@lockstep/testkit/migrated-database.ts'
import { protocolGuarantees, type ExampleRequest } from './protocol-guarantees.ts'
import { callWith, connectWriter, executeOn } from './test-writer.ts'

/** What the suite needs to know about a slice. */
export type AggregateExamples = {
  /** Accepted for an id without a state. */
  create: AnyCommand
  /** Accepted in any state that is not deleted; a change of its own for each n from 0 to 999. */
  change: (n: number) => AnyCommand
  /** Changes nothing directly after `create`. */
  unchanged: AnyCommand
  /** Refused for an id without a state. */
  refused: { command: AnyCommand; code: string }
  /** Deletes, if the aggregate can be deleted. */
  delete?: AnyCommand
  /** For each command of the table, in an order in which all succeed on one id: its request over both protocols. */
  requests: readonly ExampleRequest[]
}

export type SuiteContext = {
  aggregate: Aggregate
  examples: AggregateExamples
  /** Of a database of its own. */
  url: () => string
  writer: () => ReturnType<typeof connectWriter>
  /** All states that the store has of this id. */
  stored: (id: string) => Promise<StoredAggregate | undefined>
  /** The events of this id, decoded, in the order of versions. */
  events: (id: string) => Promise<{ version: number; message: unknown }[]>
}

/** Tests the guarantees of the runtime on one slice, with real servers. Call it in an `.int.test.ts` file. */
export function aggregateSuite(aggregate: Aggregate, examples: AggregateExamples): void {
  describe(`the aggregate ${aggregate.type}`, () => {
    let url = ''
    let writer: ReturnType<typeof connectWriter>
    beforeAll(async () => {
      url = await migratedDatabase(inject('postgresUrl'))
      writer = connectWriter(url)
    })
    afterAll(() => writer[Symbol.asyncDispose]())

    const context: SuiteContext = {
      aggregate,
      examples,
      url: () => url,
      writer: () => writer,
      stored: async (id) => (await writer.store.load([{ type: aggregate.type, id }]))[0],
      async events(id) {
        const { rows } = await writer.pool.query<{ version: number; payload: Buffer }>(
          'select version, payload from events where type = $1 and id = $2 order by version',
          [aggregate.type, id],
        )
        const { contract } = aggregate.events
        return rows.map(({ version, payload }) => ({ version, message: contract.decode(payload) }))
      },
    }
    commitGuarantees(context)
    executionGuarantees(context)
    protocolGuarantees(context)
    replayGuarantees(context)
  })
}

function replayGuarantees({ aggregate, examples, writer, stored, events }: SuiteContext): void {
  test('the events of an id, replayed in order, give its state; each state survives JSON', async () => {
    const execute = executeOn(writer().pool)
    const id = randomUUID()
    const run = (command: AnyCommand) =>
      execute(aggregate, { id, expectedVersion: undefined, command }, callWith())
    await run(examples.create)
    for (let n = 0; n < 5; n++) await run(examples.change(n))
    if (examples.delete) await run(examples.delete)

    const messages = (await events(id)).map(({ message }) => message as never)
    const replayed = Object.assign({}, ...messages.map(aggregate.events.stateOf)) as object
    const current = await stored(id)
    expect(replayed).toEqual(current?.state)
    expect(current?.version).toBe(messages.length)
  })

  test.runIf(examples.delete)('a deleted aggregate stays deleted, and its row is a tombstone', async () => {
    const execute = executeOn(writer().pool)
    const id = randomUUID()
    const run = (command: AnyCommand) =>
      execute(aggregate, { id, expectedVersion: undefined, command }, callWith())
    await run(examples.create)
    await run(examples.delete!)
    for (const command of [examples.create, examples.change(1), examples.delete!]) {
      await expect(run(command)).rejects.toMatchObject({
        kind: expect.stringMatching(/^(not_found|conflict)$/),
      })
    }
    const { rows } = await writer().pool.query(
      'select version, deleted_at = updated_at as deleted from aggregates where type = $1 and id = $2',
      [aggregate.type, id],
    )
    expect(rows).toEqual([{ version: 2, deleted: true }])
  })
}
