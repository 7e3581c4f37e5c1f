import { writeArchive } from '@lockstep/core/archive/archive.ts'
import { contractHeader } from '@lockstep/core/archive/contract.ts'
import { sql } from '@lockstep/core/postgres/sql.ts'
import type { Pool } from 'pg'
import { firstId } from '../event-queue.ts'
import { CONTENT, type ExportedEvent } from './exported-event.ts'
import { rowsOf } from '../rows-of.ts'

const exportEvents = sql(import.meta.url, './export-events.sql')

/** Events in memory. */
const PAGE = 500

type EventRow = {
  id: string
  version: number
  event_id: string
  event_type: string
  payload: Buffer
  metadata: Record<string, unknown>
  occurred_at: Date
}

/** The bytes of an export. The consumer sets the pace. */
export type ExportEvents = () => AsyncGenerator<Buffer>

/**
 * All events, by type, id and version. Each page is a statement of its own: one long transaction would keep vacuum from
 * cleaning the outbox. So of an aggregate that changes meanwhile, the first versions are in the file, without a gap.
 */
export function exportFrom(
  pool: Pick<Pool, 'query'>,
  types: readonly string[],
  contract: readonly string[],
): ExportEvents {
  async function* lines() {
    for (const type of types) {
      let after = { id: firstId, version: 0 }
      for (let last = false; !last;) {
        const page = await rowsOf<EventRow>(pool, exportEvents, [type, after.id, after.version, PAGE])
        for (const row of page) yield JSON.stringify(exported(type, row))
        after = page.at(-1) ?? after
        last = page.length < PAGE
      }
    }
  }
  return () => {
    const createdAt = new Date().toISOString()
    return writeArchive(
      { content: CONTENT, aggregates: types, createdAt, contract: contractHeader(contract) },
      lines(),
    )
  }
}

function exported(type: string, row: EventRow): ExportedEvent {
  const { id, version, event_id, event_type, payload, metadata, occurred_at } = row
  return {
    type,
    id,
    version,
    eventId: event_id,
    eventType: event_type,
    occurredAt: occurred_at.toISOString(),
    metadata,
    payload: payload.toString('base64'),
  }
}
