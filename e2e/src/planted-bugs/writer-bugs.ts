import type { Bug } from './bug.ts'

const relay = 'writer-service/src/product/outbound/outbox/relay.ts'
const store = 'writer-service/src/product/outbound/postgres/product-store.ts'
const execute = 'writer-service/src/product/app/execute-command.ts'

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
          select position, product_id, event_id, type, payload, metadata, occurred_at
          from outbox as o join product_events as e using (product_id, version)
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
        find: "log.warn({ err: error, failures }, 'the outbox relay starts again')",
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
        find: `const { rows } = await client.query<{ id: string }>({ ...commitProducts, values: commitColumns(batch) })
    client.release()`,
        instead: `const writing = client.query({ ...commitProducts, values: commitColumns(batch) })
          writing.then(() => client.release(), () => client.release(true))
          const rows = batch.map(({ next }) => ({ id: next.id }))`,
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
        find: 'const pending = { event, next: evolve(state, event), traceparent: currentTraceparent(), claim, deadline }',
        instead: `if (claim !== undefined && !(await results.remember(claim))) return undefined
          const pending = { event, next: evolve(state, event), traceparent: currentTraceparent(), claim: undefined, deadline }`,
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
        find: 'const key = call.idempotencyKey === undefined ? undefined : keyed(call.idempotencyKey, requested)',
        instead: 'const key = undefined',
      },
    ],
  },
]
