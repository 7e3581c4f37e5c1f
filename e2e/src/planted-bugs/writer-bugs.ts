import type { Bug } from './bug.ts'

const relay = 'writer-service/src/runtime/outbox/relay.ts'
const store = 'writer-service/src/runtime/event-store/postgres-event-store.ts'
const execute = 'writer-service/src/runtime/commands/execute-command.ts'

export const writerBugs: readonly Bug[] = [
  {
    name: 'outbox rows deleted before the acknowledgement',
    caughtBy: 'lost writes',
    scenario: 'broker-killed',
    changes: [
      {
        file: relay,
        find: 'const end = metrics.publishDuration.startTimer()',
        instead: `await session.query(deletePublished, [entries.map((entry) => entry.position)])
          const end = metrics.publishDuration.startTimer()`,
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
        find: 'if (entries.length === 0) return 0',
        instead: `const passed = entries.filter(({ position }) => position <= cursor).map(({ position }) => position)
          if (passed.length > 0) await session.query(deletePublished, [passed])
          entries.splice(0, entries.length, ...entries.filter(({ position }) => position > cursor))
          cursor = entries.at(-1)?.position ?? cursor
          if (entries.length === 0) return 0`,
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
        find: "const readOutbox = sql(import.meta.url, './read-outbox.sql')",
        instead: `const readOutbox = { name: 'read-outbox-by-transaction', text: \`
          select position, type, id, event_id, event_type, payload, metadata, occurred_at
          from outbox as o join events as e using (type, id, version)
          where $2::int > 0 order by o.xmin::text::bigint limit $1\` }`,
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
        file: execute,
        find: 'const [result] = await store.commit([group.commit])',
        instead: `for (const claim of group.claims) if (!(await results.store(claim))) return undefined
          const [result] = await store.commit([{ ...group.commit, claims: [] }])`,
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
]
