import { isDeepStrictEqual } from 'node:util'
import { sql } from '@lockstep/core/postgres/sql.ts'
import type { Pool } from 'pg'
import type { Aggregate, AnyState } from '../aggregate.ts'
import type { StoredAggregate } from '../commands/ports.ts'
import { firstId, lastId } from './event-queue.ts'
import { rowsOf } from './rows-of.ts'

const listStates = sql(import.meta.url, './list-states.sql')
const findStates = sql(import.meta.url, './find-states.sql')

/** A state on which commands are decided, with its last event and the fields in which the two differ. */
export type AuditedState = StoredAggregate & {
  deleted: boolean
  /** Empty if the event store has no event of this id. */
  lastEvent: Buffer
  mismatches: readonly string[]
}

/** The states of one aggregate type. Rejects with `unavailable`. */
export type AggregateStates = {
  /** In the order of ids. */
  list: (
    aggregate: Aggregate,
    range: { afterId: string | undefined; upToId: string | undefined; limit: number },
  ) => Promise<AuditedState[]>
  /** Those that exist, in any order. */
  find: (aggregate: Aggregate, ids: readonly string[]) => Promise<AuditedState[]>
}

type StateRow = {
  id: string
  version: number
  state: AnyState
  created_at: Date
  updated_at: Date
  deleted: boolean
  event_version: number | null
  payload: Buffer | null
}

export function postgresAggregateStates(pool: Pick<Pool, 'query'>): AggregateStates {
  return {
    async list(aggregate, { afterId, upToId, limit }) {
      const values = [aggregate.type, afterId ?? firstId, upToId ?? lastId, afterId !== undefined, limit]
      return (await rowsOf<StateRow>(pool, listStates, values)).map((row) => auditedState(aggregate, row))
    },
    async find(aggregate, ids) {
      const rows = await rowsOf<StateRow>(pool, findStates, [aggregate.type, [...new Set(ids)]])
      return rows.map((row) => auditedState(aggregate, row))
    },
  }
}

function auditedState(aggregate: Aggregate, row: StateRow): AuditedState {
  const { id, version, state, deleted, payload } = row
  return {
    type: aggregate.type,
    id,
    version,
    state,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    deleted,
    lastEvent: payload ?? Buffer.alloc(0),
    mismatches: payload === null ? ['last_event'] : mismatchesWith(aggregate, row, payload),
  }
}

/** The fields in which the row differs from its last event, or `last_event` if it cannot be read. */
function mismatchesWith({ events, isDeleted }: Aggregate, row: StateRow, payload: Buffer): string[] {
  const last = lastEvent(events, payload)
  if (last === undefined) return ['last_event']
  const { message, state } = last
  const envelope: [string, unknown, unknown][] = [
    ['version', row.version, row.event_version],
    ['payload.version', row.version, message.version],
    ['payload.id', row.id, events.contract.idOf(message)],
    ['deleted', row.deleted, isDeleted({ ...row.state, ...state })],
    ['created_at', row.created_at.getTime(), message.createdAt?.getTime()],
    ['updated_at', row.updated_at.getTime(), message.occurredAt?.getTime()],
  ]
  const names = envelope.flatMap(([name, stored, expected]) => (stored === expected ? [] : [name]))
  return [...new Set([...names, ...differences(row.state, state)])]
}

/** Undefined if the event cannot be read: that is a finding about one row, and the other rows are listed. */
function lastEvent({ contract, stateOf }: Aggregate['events'], payload: Buffer) {
  try {
    const message = contract.decode(payload)
    return { message, state: stateOf(message) }
  } catch {
    return undefined
  }
}

/** The paths of the values of `expected` that `actual` does not have: `details.name`. */
function differences(actual: unknown, expected: unknown, path: readonly string[] = []): string[] {
  if (isRecord(actual) && isRecord(expected)) {
    return Object.entries(expected).flatMap(([name, value]) =>
      differences(actual[name], value, [...path, name]),
    )
  }
  return isDeepStrictEqual(actual, expected) ? [] : [path.join('.')]
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
