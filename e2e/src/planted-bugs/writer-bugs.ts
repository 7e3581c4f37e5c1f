import type { Bug } from './bug.ts'

const relay = 'writer-service/src/runtime/outbox/relay.ts'
const store = 'writer-service/src/runtime/event-store/postgres-event-store.ts'
const execute = 'writer-service/src/runtime/commands/execute-command.ts'
const executeBatch = 'writer-service/src/runtime/commands/execute-batch.ts'

/** Conflicts with another writer, and several commands on one aggregate, are frequent. */
const fewAggregates = { aggregates: 4, clients: 32 }

export const writerBugs: readonly Bug[] = [
  {
    name: 'outbox rows deleted before the acknowledgement',
    caughtBy: 'lost writes',
    scenario: 'broker-killed',
    changes: [
      {
        file: relay,
        find: 'await publish(entries)',
        instead: `await session.query(deleteAndRead, [entries.map(({ position }) => position), 0, 0])
          await publish(entries)`,
      },
    ],
  },
  {
    name: 'a relay with a cursor by sequence',
    caughtBy: 'lost writes',
    scenario: 'late-commit',
    changes: [
      { file: relay, find: 'const MAX_EVENTS = 1_000', instead: 'let cursor = 0\nconst MAX_EVENTS = 1_000' },
      {
        file: relay,
        find: 'if (entries.length === 0) {',
        instead: `const passed = entries.filter(({ position }) => position <= cursor).map(({ position }) => position)
          if (passed.length > 0) await session.query(deleteAndRead, [passed, 0, 0])
          entries.splice(0, entries.length, ...entries.filter(({ position }) => position > cursor))
          cursor = entries.at(-1)?.position ?? cursor
          if (entries.length === 0) {`,
      },
    ],
  },
  {
    name: 'a relay ordered by transaction id',
    caughtBy: 'order',
    scenario: 'early-transaction',
    changes: [
      {
        file: relay,
        find: "const deleteAndRead = sql(import.meta.url, './delete-and-read.sql')",
        instead: `const deleteAndRead = { name: 'read-outbox-by-transaction', text: \`
          with deleted as (delete from outbox where position = any ($1::bigint[]) returning position)
          select position, type, id, event_id, event_type, payload, metadata, occurred_at
          from outbox as o join events as e using (type, id, version)
          where position not in (select position from deleted) and $3::int > 0
          order by o.xmin::text::bigint limit $2\` }`,
      },
    ],
  },
  {
    name: 'a relay that stops when the broker is unavailable',
    caughtBy: 'progress',
    scenario: 'broker-killed',
    changes: [
      {
        file: relay,
        find: "log.warn({ err: error, failures }, 'the outbox relay restarts')",
        instead: 'return',
      },
    ],
  },
  {
    name: 'a lost connection retried as a failure',
    caughtBy: 'duplicate effects',
    scenario: 'commit-response-lost',
    changes: [
      {
        file: store,
        find: 'return afterLostConnection(pool, batch, backend)',
        instead: "return batch.map(() => 'conflict')",
      },
    ],
  },
  {
    name: 'a store that acknowledges before it is durable',
    caughtBy: 'lost writes',
    scenario: 'commit-response-lost',
    changes: [
      {
        file: store,
        find: `const { rows } = await client.query<{ number: number }>({ ...commitAggregates, values })
    client.release()`,
        instead: `const writing = client.query({ ...commitAggregates, values })
          writing.then(() => client.release(), () => client.release(true))
          const rows = batch.map((_, index) => ({ number: index + 1 }))`,
      },
    ],
  },
  {
    name: 'an idempotency key claimed outside of the transaction',
    caughtBy: 'lost writes',
    scenario: 'disk-full',
    changes: [
      {
        file: executeBatch,
        find: '() => store.commit(commits))',
        instead: `async () => {
          await store.claim(commits.flatMap(({ claims }) => claims))
          return store.commit(commits.map((commit) => ({ ...commit, claims: [] })))
        })`,
      },
    ],
  },
  {
    name: 'a repeated key that is not looked up',
    caughtBy: 'duplicate effects',
    scenario: 'caller-writer-cut',
    changes: [
      {
        file: execute,
        find: 'call.idempotencyKey === undefined ? undefined : withFingerprint(call.idempotencyKey, type, requested)',
        instead: 'undefined',
      },
    ],
  },
  {
    name: 'stock reserved without counting the other reservations',
    caughtBy: 'invariants',
    scenario: 'one-aggregate-two-writers',
    changes: [
      {
        file: 'writer-service/src/stock/stock.ts',
        find: 'if (quantity > availableOf(state))',
        instead: 'if (quantity > state.onHand)',
      },
    ],
  },
  {
    name: 'a batch in which one success passes the other commands',
    caughtBy: 'lost writes',
    scenario: 'one-aggregate-two-writers',
    traffic: fewAggregates,
    changes: [
      {
        file: store,
        find: 'written.has(index + 1)',
        instead: '(written.size > 0 || written.has(index + 1))',
      },
    ],
  },
  {
    name: 'a batch in which one failure fails the other commands',
    caughtBy: 'duplicate effects',
    scenario: 'one-aggregate-two-writers',
    traffic: fewAggregates,
    changes: [
      {
        file: store,
        find: 'const written = new Set(rows.map((row) => row.number))',
        instead: `const written = new Set(rows.map((row) => row.number))
          if (written.size < batch.length) throw new AppError('unavailable', 'Nothing was done')`,
      },
    ],
  },
  {
    name: 'responses swapped within a batch',
    caughtBy: 'lost writes',
    scenario: 'one-aggregate-two-writers',
    traffic: fewAggregates,
    changes: [
      {
        file: executeBatch,
        find: 'attemptOf(results[index]!, outcome,',
        instead: 'attemptOf(results[index]!, groups.at(-1 - index)!.decided[0]!.outcome ?? outcome,',
      },
    ],
  },
  {
    name: 'a second command of a batch decided on the old state',
    caughtBy: 'invariants',
    scenario: 'one-aggregate-two-writers',
    traffic: fewAggregates,
    changes: [
      {
        file: 'writer-service/src/runtime/commands/decide-batch.ts',
        find: 'group.current = next',
        instead: 'group.current = { ...next, state: current?.state ?? next.state }',
      },
    ],
  },
]
