import { sql } from '@lockstep/core/postgres/sql.ts'
import type { Pool } from 'pg'
import { firstId, lastId } from './event-queue.ts'
import type { EventPosition } from './republish.ts'
import { rowsOf } from './rows-of.ts'

const listEvents = sql(import.meta.url, './list-events.sql')
const findEvents = sql(import.meta.url, './find-stored-events.sql')

export type ListedEvent = EventPosition & {
  /** The value of the record that carries the event. */
  payload: Buffer
  occurredAt: Date
}

/** The events of one aggregate type. Rejects with `unavailable`. */
export type StoredEvents = {
  /** In the order of id and version: those behind `after` up to and including `upTo`. */
  list: (
    aggregate: string,
    range: { after: EventPosition | undefined; upTo: EventPosition | undefined; limit: number },
  ) => Promise<ListedEvent[]>
  /** Those that exist, in any order. */
  find: (aggregate: string, positions: readonly EventPosition[]) => Promise<ListedEvent[]>
}

type EventRow = EventPosition & { payload: Buffer; occurred_at: Date }

export function postgresStoredEvents(pool: Pick<Pool, 'query'>): StoredEvents {
  return {
    async list(aggregate, { after, upTo, limit }) {
      const from = after ?? { id: firstId, version: 0 }
      const to = upTo ?? { id: lastId, version: Number.MAX_SAFE_INTEGER }
      const values = [aggregate, from.id, from.version, to.id, to.version, limit]
      return (await rowsOf<EventRow>(pool, listEvents, values)).map(listedEvent)
    },
    async find(aggregate, positions) {
      const values = [aggregate, positions.map(({ id }) => id), positions.map(({ version }) => version)]
      return (await rowsOf<EventRow>(pool, findEvents, values)).map(listedEvent)
    },
  }
}

function listedEvent({ id, version, payload, occurred_at }: EventRow): ListedEvent {
  return { id, version, payload, occurredAt: occurred_at }
}
