import type { Evidence, Recovery, SourceRecord, StoredEvent } from '../evidence/evidence.ts'
import type {
  Attempt,
  ChangesRead,
  Entry,
  History,
  Outcome,
  Read,
  ReadResult,
  State,
  TotalsRead,
} from '../evidence/history.ts'

export const product = (id: string, version: number): State => ({
  id,
  version,
  deleted: false,
  name: `${id}${version}`,
  description: '',
  category: 'general',
  priceCents: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: `2026-01-01T00:00:0${version}.000Z`,
})
export const tombstone = (id: string, version: number): State => ({ id, version, deleted: true })

export function event(id: string, version: number, effect?: StoredEvent['effect']): StoredEvent {
  const type = effect ?? (version === 1 ? 'created' : 'changed')
  const gone = type === 'deleted'
  return {
    id,
    version,
    payload: Buffer.from(`${id}${version}`),
    command: { created: 'create', changed: 'update', deleted: 'delete' }[type],
    effect: type,
    mark: gone ? undefined : `${id}${version}`,
    occurredAt: `2026-01-01T00:00:0${version}.000Z`,
    requestId: `r-${id}${version}`,
    state: gone ? tombstone(id, version) : product(id, version),
  }
}

let clock = 0
export function attempt(
  type: Attempt['type'],
  id: string,
  mark: string,
  outcome: number | Outcome['type'],
  key = mark,
) {
  const result: Outcome =
    typeof outcome === 'number'
      ? { type: 'acknowledged', id, version: outcome }
      : { type: outcome as 'unknown', code: outcome === 'unknown' ? 'outcome_unknown' : 'unavailable' }
  const times = { sentAt: ++clock, completedAt: ++clock }
  return {
    subject: 'product',
    type,
    id,
    mark,
    idempotencyKey: key,
    writer: 'w',
    protocol: 'http',
    ...times,
    outcome: result,
  } as Attempt
}

export function read(id: string, version: number | 'not_found', query: Partial<Read> = {}): Read {
  const result: ReadResult =
    typeof version === 'number' ? { type: 'found', state: product(id, version) } : { type: 'not_found' }
  const times = { sentAt: ++clock, completedAt: ++clock }
  return { subject: 'product', id, protocol: 'http', connection: 'c', ...times, result, ...query }
}

/** Groups of aggregates that all have the price 1. */
export function totalsRead(
  groups: readonly (readonly [group: string, count: number, price: number])[],
  query: Partial<TotalsRead> = {},
): TotalsRead {
  const totals = groups.map(([group, count, price]) => ({
    group,
    count,
    sum: count * price,
    min: price,
    max: price,
  }))
  const times = { sentAt: ++clock, completedAt: ++clock }
  const result = { type: 'found', groups: totals, asOf: '2026-01-01T00:00:09.000Z' } as const
  return { subject: 'product', protocol: 'http', connection: 'c', ...times, result, ...query }
}

/** What the entry of a version has if only the name changes with each version. */
function entry(id: string, version: number): Entry {
  const { effect, occurredAt, requestId } = event(id, version)
  const [before, after] = [version === 1 ? undefined : product(id, version - 1), product(id, version)]
  const change = (field: string) => ({ field, from: before?.[field] ?? null, to: after[field] })
  const fields = before ? ['name'] : ['name', 'description', 'category', 'priceCents']
  const type = effect === 'created' ? 'created' : 'updated'
  return { version, type, occurredAt, requestId, changes: fields.map(change) }
}

/** A page of changes with these versions, newest first. */
export function changesRead(
  id: string,
  versions: readonly number[],
  query: Partial<ChangesRead> = {},
): ChangesRead {
  const times = { sentAt: ++clock, completedAt: ++clock }
  const entries = versions.map((version) => entry(id, version))
  const result = { type: 'found', entries, whole: versions.at(-1) === 1 } as const
  return { subject: 'product', id, protocol: 'http', connection: 'c', ...times, result, ...query }
}

export const bad: SourceRecord = {
  topic: 't',
  partition: 1,
  offset: '7',
  value: Buffer.from('bad'),
  headers: { h: '1' },
}

/** `a` lives at version 2, `b` was deleted as version 2; an event is repeated and a bad record was dead-lettered. */
export const sound: Evidence & History = {
  commands: [
    attempt('create', 'a', 'a1', 1),
    attempt('update', 'a', 'a2', 'unknown'),
    attempt('update', 'a', 'a2', 2),
    attempt('update', 'a', 'never', 'nothing_done'),
    attempt('create', 'b', 'b1', 1),
    attempt('delete', 'b', 'd', 2),
  ],
  reads: [
    read('a', 'not_found'),
    read('a', 1),
    read('a', 2, { minVersion: 2 }),
    read('a', 1, { connection: 'another' }),
    read('b', 'not_found'),
    read('b', 1),
    read('b', 'not_found', { minVersion: 2 }),
  ],
  // `b` may still be in them, or `a` not yet; at the end only `a` is.
  totals: [
    totalsRead([]),
    totalsRead([['general', 2, 1]], { id: 'a', minVersion: 1 }),
    totalsRead([['general', 1, 1]], { id: 'b', minVersion: 2 }),
    totalsRead([['general', 1, 1]], { atRest: true }),
  ],
  changes: [changesRead('a', [1]), changesRead('a', [2]), changesRead('a', [2, 1], { minVersion: 2 })],
  events: new Map([
    ['a', [event('a', 1), event('a', 2)]],
    ['b', [event('b', 1), event('b', 2, 'deleted')]],
  ]),
  others: [],
  states: [product('a', 2), tombstone('b', 2)],
  topic: [event('a', 1), event('b', 1), event('a', 2), event('a', 1), event('b', 2, 'deleted')],
  readModel: [product('a', 2), tombstone('b', 2)],
  cache: [product('a', 2)],
  rejected: [{ group: 'g', bad: [bad], deadLetters: [{ ...bad, group: 'g' }] }],
}

export const recovery: Recovery = { writer: 'w', reader: 'r', healedAt: 1_000, readableAt: 31_000 }
