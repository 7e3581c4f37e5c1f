import type { Letter } from '../../history/violation.ts'

/** A bug that systems of this shape are known for, as a change of one of the services' files. */
export type Bug = {
  name: string
  /** The checker that has to catch it. */
  caughtBy: Letter
  /** The fault that brings it to light. */
  scenario: string
  changes: readonly Change[]
}

/** `find` stands in the file once; `file` is the end of its path. */
export type Change = { file: string; find: string; instead: string }

const relay = 'writer-service/src/product/outbound/outbox/relay.ts'
const store = 'writer-service/src/product/outbound/postgres/product-store.ts'
const model = 'reader-service/src/product/outbound/mongo/projection-store.ts'
const project = 'reader-service/src/product/app/project-products.ts'
const projectedCache = 'reader-service/src/product/outbound/redis/projected-cache.ts'
const productCache = 'reader-service/src/product/outbound/redis/product-cache.ts'

const twin = (script: string) => `luaScript(new URL('${new URL(script, import.meta.url).href}'))`

export const bugs: readonly Bug[] = [
  {
    name: 'outbox rows deleted before the acknowledgement',
    caughtBy: 'L',
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
    caughtBy: 'L',
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
    caughtBy: 'O',
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
    name: 'a relay that gives up when the broker is away',
    caughtBy: 'P',
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
    caughtBy: 'D',
    scenario: 'commit-answer-lost',
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
    caughtBy: 'L',
    scenario: 'commit-answer-lost',
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
    caughtBy: 'L',
    scenario: 'disk-full',
    changes: [
      {
        file: 'writer-service/src/product/app/execute-command.ts',
        find: 'const pending = { event, next: evolve(state, event), traceparent: currentTraceparent(), claim, deadline }',
        instead: `if (claim !== undefined && !(await results.remember(claim))) return undefined
          const pending = { event, next: evolve(state, event), traceparent: currentTraceparent(), claim: undefined, deadline }`,
      },
    ],
  },
  {
    name: 'a repeated key that is not looked up',
    caughtBy: 'D',
    scenario: 'caller-writer-cut',
    changes: [
      {
        file: 'writer-service/src/product/app/execute-command.ts',
        find: 'const key = call.idempotencyKey === undefined ? undefined : keyed(call.idempotencyKey, requested)',
        instead: 'const key = undefined',
      },
    ],
  },
  {
    name: 'offsets committed before the write',
    caughtBy: 'L',
    scenario: 'mongo-killed',
    changes: [
      {
        file: 'core/src/kafka/process-batch.ts',
        find: 'const refusals = messages.length > 0 ? ((await handle(messages, context)) ?? []) : []',
        instead: `const refusals = []
          void handle(messages, context).catch(() => {})`,
      },
    ],
  },
  {
    name: 'a swallowed adapter error',
    caughtBy: 'L',
    scenario: 'mongo-killed',
    changes: [
      {
        file: 'reader-service/src/product/inbound/kafka/projection.ts',
        find: 'project(messages.map(({ value }) => value))',
        instead: 'project(messages.map(({ value }) => value)).catch(() => {})',
      },
    ],
  },
  {
    name: 'no version gate',
    caughtBy: 'C',
    scenario: 'events-repeated',
    changes: [
      {
        file: model,
        find: 'return { _id: state.id, version: { $lt: state.version } }',
        instead: 'return { _id: state.id }',
      },
      {
        file: project,
        find: 'newest.filter(({ state }) => state.version > (held.get(state.id) ?? 0))',
        instead: 'newest',
      },
    ],
  },
  {
    name: 'a lost tombstone',
    caughtBy: 'C',
    scenario: 'events-repeated',
    changes: [
      {
        file: model,
        find: 'const applied = new Set(states.map((state) => state.id))',
        instead: `await products.deleteMany({ _id: { $in: states.map((state) => state.id) }, deleted: true })
          const applied = new Set(states.map((state) => state.id))`,
      },
    ],
  },
  {
    name: 'cache set without compare',
    caughtBy: 'S',
    scenario: 'events-repeated',
    changes: [
      {
        file: projectedCache,
        find: "luaScript(new URL('replace-older.lua', import.meta.url))",
        instead: twin('set-always.lua'),
      },
      {
        file: projectedCache,
        find: '{ script: removeOlder, keys: [key], args: [state.version] }',
        instead:
          '{ script: replaceOlder, keys: [key], args: [state.version, entryBody(state), jittered(ttlMs)] }',
      },
    ],
  },
  {
    name: 'a refused event creating a cache entry',
    caughtBy: 'S',
    scenario: 'events-repeated',
    changes: [
      {
        file: projectedCache,
        find: '{ script: removeOlder, keys: [key], args: [state.version] }',
        instead: `{ script: ${twin('set-newer.lua')}, keys: [key], args: [state.version, entryBody(state), jittered(ttlMs)] }`,
      },
    ],
  },
  {
    name: 'cache fill without a lease',
    caughtBy: 'S',
    scenario: 'fills-racing-updates',
    changes: [
      {
        file: productCache,
        find: "luaScript(new URL('fill.lua', import.meta.url))",
        instead: twin('fill-always.lua'),
      },
      {
        file: 'reader-service/src/product/app/load-product.ts',
        find: 'const state = await finder.find(id)',
        // A slow fill is no bug by itself; it makes this one show.
        instead: `const state = await finder.find(id)
          await new Promise((resolve) => setTimeout(resolve, 500))`,
      },
    ],
  },
  {
    name: 'an answer that is not held against min_version',
    caughtBy: 'M',
    scenario: 'redis-flushed',
    changes: [
      {
        file: 'reader-service/src/product/app/get-product.ts',
        find: 'if (!state || state.version < minVersion) return undefined',
        instead: 'if (!state) return undefined',
      },
    ],
  },
  {
    name: 'error records without the headers of the original',
    caughtBy: 'E',
    scenario: 'poison',
    changes: [
      {
        file: 'core/src/kafka/error-record.ts',
        find: 'headers: { ...headers, ...Object.fromEntries(added) }',
        instead: 'headers: Object.fromEntries(added)',
      },
    ],
  },
  {
    name: 'poison skipped instead of given up',
    caughtBy: 'E',
    scenario: 'poison',
    changes: [
      {
        file: 'core/src/kafka/process-batch.ts',
        find: 'if (failed.length > 0) await giveUp(failed)',
        instead: '',
      },
    ],
  },
]
