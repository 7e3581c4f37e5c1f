import { Pool, types, type ClientBase } from 'pg'
import { Gauge, type Registry } from 'prom-client'
import type { Log } from '../log/log.ts'

/** bigint: every one of ours (versions, cents, positions) fits a JS number. */
types.setTypeParser(types.builtins.INT8, Number)

/** A statement that takes longer is cancelled by the server, ms. */
const STATEMENT_TIMEOUT_MS = 5_000
/** When the server does not even answer, the connection is given up, ms. */
const ANSWER_TIMEOUT_MS = 6_000
/** Longest wait for a free or new connection, ms. */
const CONNECT_TIMEOUT_MS = 2_000

/** The server process behind a connection. Process ids are used again: only both fields name one process. */
export type Backend = { pid: number; startedAt: string }

const backends = new WeakMap<ClientBase, Backend>()

/** A pool of connections that are opened when first needed, so that a service starts while Postgres is away. */
export function connectPostgres(options: {
  url: string
  poolSize: number
  applicationName: string
  log: Log
  metrics: Registry
}): { pool: Pool } & AsyncDisposable {
  const pool = new Pool({
    connectionString: options.url,
    max: options.poolSize,
    application_name: options.applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    keepAlive: true,
    // oxlint-disable-next-line typescript/no-misused-promises -- the pool waits for it, its types do not say so
    onConnect: rememberBackend,
  })
  // An idle connection that the server ends is replaced at the next use.
  // The error itself is not logged: the pool hangs the whole client on it, its keys included.
  pool.on('error', ({ message }) =>
    options.log.warn({ reason: message }, 'lost an idle connection to Postgres'),
  )
  // The pool listens on idle connections only; without this one, a connection lost in use would end the process.
  // Whoever uses it gets the error from its query.
  pool.on('connect', (client) => client.on('error', () => {}))
  new Gauge({
    name: 'postgres_pool_connections',
    help: 'Connections of the pool by what they do; waiting: callers that want one',
    labelNames: ['state'],
    registers: [options.metrics],
    collect() {
      this.set({ state: 'idle' }, pool.idleCount)
      this.set({ state: 'busy' }, pool.totalCount - pool.idleCount)
      this.set({ state: 'waiting' }, pool.waitingCount)
    },
  })
  return { pool, [Symbol.asyncDispose]: () => pool.end() }
}

/** The server process behind a connection of a pool that `connectPostgres` made. */
export function backendOf(client: ClientBase): Backend {
  const backend = backends.get(client)
  if (backend === undefined) throw new TypeError('the connection is not from connectPostgres')
  return backend
}

async function rememberBackend(client: ClientBase): Promise<void> {
  const { rows } = await client.query<Backend>(
    'select pid, backend_start::text as "startedAt" from pg_stat_activity where pid = pg_backend_pid()',
  )
  if (rows[0] !== undefined) backends.set(client, rows[0])
}
