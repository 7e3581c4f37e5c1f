import { Pool, types, type ClientBase } from 'pg'
import { Gauge, type Registry } from 'prom-client'
import type { Log } from '../log/log.ts'

/** bigint: all our values (versions, cents, positions) fit a JS number. */
types.setTypeParser(types.builtins.INT8, Number)

/** The server cancels a statement that takes longer, ms. */
const STATEMENT_TIMEOUT_MS = 5_000
/** Without a response from the server for this long, ms, the connection is closed. */
const RESPONSE_TIMEOUT_MS = 6_000
/** Longest wait for a free or new connection, ms. */
const CONNECT_TIMEOUT_MS = 2_000

/** The server process behind a connection. Process ids are reused, so only both fields identify a process. */
export type Backend = { pid: number; startedAt: string }

const backends = new WeakMap<ClientBase, Backend>()

/** A pool that opens connections when they are needed, so that a service can start while Postgres is unavailable. */
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
    query_timeout: RESPONSE_TIMEOUT_MS,
    keepAlive: true,
    // oxlint-disable-next-line typescript/no-misused-promises -- the pool awaits it, although its types do not say so
    onConnect: rememberBackend,
  })
  // The pool replaces an idle connection that the server ends. The error itself is not logged, because the pool adds
  // the whole client to it, including its keys.
  pool.on('error', ({ message }) =>
    options.log.warn({ reason: message }, 'lost an idle connection to Postgres'),
  )
  // The pool listens only on idle connections. Without this listener, the loss of a connection in use would end the
  // process; its query rejects anyway.
  pool.on('connect', (client) => client.on('error', () => {}))
  new Gauge({
    name: 'postgres_pool_connections',
    help: 'Connections of the pool by state; waiting: callers without a connection',
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

/** The server process behind a connection of a pool of `connectPostgres`. */
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
