import { setTimeout as sleep } from 'node:timers/promises'
import { serialQueue } from '@lockstep/core/async/serial-queue.ts'
import { sql } from '@lockstep/core/postgres/sql.ts'
import { Client, type QueryResultRow } from 'pg'

const tryRelayLock = sql(import.meta.url, './try-relay-lock.sql')

/** The server ends a session that is silent for this long, and with it the lock: a relay leader that is stopped
 * (SIGSTOP) or disconnected cannot block the others. */
const IDLE_SESSION_TIMEOUT_MS = 10_000
const HEARTBEAT_MS = 3_000
const STATEMENT_TIMEOUT_MS = 5_000
/** Longer, so that the server ends a slow statement first. */
const RESPONSE_TIMEOUT_MS = 6_000
const LOCK_POLL_MS = 1_000

/**
 * Without `synchronous_commit`, a delete does not wait for the disk. If the server crashes, the relay repeats the events
 * of the last deletes, which is harmless. Without `enable_seqscan`, a plan uses the indexes even if it was made while
 * the outbox was empty.
 */
export const sessionSettings = `
  set idle_session_timeout = ${IDLE_SESSION_TIMEOUT_MS};
  set synchronous_commit = off;
  set enable_seqscan = off`

/** The channel on which writers notify the relay leader, in any process, that there are events to publish. */
export const outboxChannel = 'lockstep_outbox'

/** The one connection that has the relay's lock and runs all of its SQL. */
export type LeaderSession = AsyncDisposable & {
  /** Aborted when the connection, and so the lock, is lost. */
  lost: AbortSignal
  query<R extends QueryResultRow>(statement: { name: string; text: string }, values: unknown[]): Promise<R[]>
}

/**
 * Waits until this process has the relay's lock. Rejects if Postgres is unreachable or `stopping` is aborted;
 * `onNotify` is called for each notification that events wait.
 */
export async function becomeLeader(
  url: string,
  onNotify: () => void,
  stopping: AbortSignal,
): Promise<LeaderSession> {
  const lost = new AbortController()
  const client = new Client({
    connectionString: url,
    application_name: 'lockstep-relay',
    keepAlive: true,
    connectionTimeoutMillis: RESPONSE_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: RESPONSE_TIMEOUT_MS,
  })
  client.on('error', () => lost.abort())
  client.on('end', () => lost.abort())
  client.on('notification', onNotify)
  const close = async () => {
    lost.abort()
    await client.end().catch(() => {})
  }
  try {
    await client.connect()
    await client.query(sessionSettings)
    await client.query(`listen ${outboxChannel}`)
    while (!(await client.query<{ locked: boolean }>(tryRelayLock)).rows[0]?.locked) {
      await sleep(LOCK_POLL_MS, undefined, { signal: stopping })
    }
  } catch (error) {
    await close()
    throw error
  }
  const queries = serialQueue()
  // During a send that hangs, only the heartbeat keeps the session from its idle timeout.
  const heartbeat = setInterval(
    () => void queries.run(() => client.query('select')).catch(close),
    HEARTBEAT_MS,
  )
  return {
    lost: lost.signal,
    query: async <R extends QueryResultRow>(statement: { name: string; text: string }, values: unknown[]) =>
      (await queries.run(() => client.query<R>({ ...statement, values }))).rows,
    [Symbol.asyncDispose]: async () => {
      clearInterval(heartbeat)
      await close()
    },
  }
}
