import { ArchiveError, type OpenArchive } from '@lockstep/core/archive/archive.ts'
import { checkContract, refused } from '@lockstep/core/archive/contract.ts'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import { rethrowUnavailable } from '@lockstep/core/postgres/rethrow-unavailable.ts'
import { sql } from '@lockstep/core/postgres/sql.ts'
import type { Pool, PoolClient } from 'pg'
import type { Aggregate } from '../../aggregate.ts'
import { CONTENT, readEvents, type ImportedState } from './exported-event.ts'

const lockEventStore = sql(import.meta.url, './lock-event-store.sql')
const eventStoreIsEmpty = sql(import.meta.url, './event-store-is-empty.sql')
const importEvents = sql(import.meta.url, './import-events.sql')
const importStates = sql(import.meta.url, './import-states.sql')

/** Events per statement. */
const BATCH = 500

type ImportOptions = {
  /** Whether the events go into the outbox. */
  publish: boolean
  onProgress: (imported: number) => Promise<void>
}

/** Resolves when all events are stored. */
export type ImportEvents = (archive: OpenArchive, options: ImportOptions) => Promise<void>

type Import = { client: PoolClient; publish: boolean }
type ReadEvent = ReturnType<ReturnType<typeof readEvents>>

/**
 * Stores the events of an export and the states that they give, in one transaction: all of them, or none. It commits
 * after the end of the file has proved that the file is whole. Until then the tables are locked for commits.
 *
 * Idempotency keys are not part of an export.
 */
export function importInto(
  pool: Pick<Pool, 'connect'>,
  parts: { aggregates: readonly Aggregate[]; contract: readonly string[]; onImported: () => void },
): ImportEvents {
  const { aggregates, contract, onImported } = parts
  return async ({ header, entries }, { publish, onProgress }) => {
    if (header.content !== CONTENT) throw new ArchiveError('The file is not an export of an event store')
    checkContract(header, contract)
    const client = await pool.connect().catch(rethrowUnavailable)
    let failure: Error | undefined
    try {
      await client.query('begin').catch(rethrowUnavailable)
      await client.query(lockEventStore).catch(rethrowUnavailable)
      const { rows } = await client.query<{ empty: boolean }>(eventStoreIsEmpty).catch(rethrowUnavailable)
      if (rows[0]?.empty !== true) {
        throw refused('The event store is not empty: import into a new, empty database only')
      }
      await storeAll({ client, publish }, readEvents(aggregates), entries, onProgress)
      await client.query('commit').catch((error: unknown) => {
        throw new AppError(
          'outcome_unknown',
          'The connection was lost during the commit: repeat the import; if the event store is not empty then, all events are stored',
          { cause: error },
        )
      })
    } catch (error) {
      failure = error as Error
      throw error
    } finally {
      // A connection that is closed instead of returned to the pool rolls back.
      client.release(failure)
    }
    if (publish) onImported()
  }
}

async function storeAll(
  target: Import,
  read: ReturnType<typeof readEvents>,
  lines: AsyncIterable<string>,
  onProgress: ImportOptions['onProgress'],
): Promise<void> {
  let imported = 0
  let batch: ReadEvent[] = []
  const store = async () => {
    if (batch.length === 0) return
    await storeBatch(target, batch).catch(rethrowUnavailable)
    imported += batch.length
    batch = []
    await onProgress(imported)
  }
  for await (const line of lines) {
    batch.push(read(line))
    if (batch.length >= BATCH) await store()
  }
  await store()
}

async function storeBatch({ client, publish }: Import, batch: readonly ReadEvent[]): Promise<void> {
  const events = batch.map(({ event }) => event)
  await client.query({
    ...importEvents,
    values: [
      events.map(({ type }) => type),
      events.map(({ id }) => id),
      events.map(({ version }) => version),
      events.map(({ eventId }) => eventId),
      events.map(({ eventType }) => eventType),
      batch.map(({ payload }) => payload),
      events.map(({ metadata }) => JSON.stringify(metadata)),
      events.map(({ occurredAt }) => occurredAt),
      publish,
    ],
  })
  // The last state of each aggregate.
  const states = [
    ...new Map(
      batch.map(({ after }): [string, ImportedState] => [`${after.type}/${after.id}`, after]),
    ).values(),
  ]
  await client.query({
    ...importStates,
    values: [
      states.map(({ type }) => type),
      states.map(({ id }) => id),
      states.map(({ version }) => version),
      states.map(({ state }) => JSON.stringify(state)),
      states.map(({ createdAt }) => createdAt),
      states.map(({ updatedAt }) => updatedAt),
      states.map(({ deleted }) => deleted),
    ],
  })
}
