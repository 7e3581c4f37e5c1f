import { randomUUID } from 'node:crypto'
import { createLog } from '@lockstep/core/log/log.ts'
import { connectPostgres } from '@lockstep/core/postgres/pool.ts'
import type { Pool } from 'pg'
import { Registry } from 'prom-client'
import type { Aggregate, AnyCommand } from '../aggregate.ts'
import { decideBatch } from '../commands/decide-batch.ts'
import { executeCommands, type CommandCall, type ExecuteCommand } from '../commands/execute-command.ts'
import type { EventStore, IdempotencyKey, PendingCommit, StoredAggregate } from '../commands/ports.ts'
import { postgresEventStore } from '../event-store/postgres-event-store.ts'

/** The parts of a writer, on a real database and without a relay. */

export function connectWriter(url: string) {
  const log = createLog({ service: 'test', level: 'silent' })
  const postgres = connectPostgres({
    url,
    poolSize: 10,
    applicationName: 'test',
    log,
    metrics: new Registry(),
  })
  return { ...postgres, store: postgresEventStore(postgres.pool) }
}

/** Executes commands; `options` replace parts of it. */
export function executeOn(
  pool: Pool,
  options: { store?: EventStore; outboxIsFull?: () => boolean } = {},
): ExecuteCommand {
  return executeCommands({
    store: postgresEventStore(pool),
    now: () => new Date(),
    newAggregateId: () => randomUUID(),
    newEventId: () => randomUUID(),
    outboxIsFull: () => false,
    onCommitted: () => {},
    onBatch: () => {},
    ...options,
  })
}

/** A call that has twenty seconds. */
export function callWith(idempotencyKey?: string): CommandCall {
  return { requestId: randomUUID(), deadline: Date.now() + 20_000, idempotencyKey }
}

/**
 * What the commands would commit together, on this state of the aggregate; `keys` are their idempotency keys. Throws if
 * nothing would change.
 */
export function pendingCommit(
  aggregate: Aggregate,
  base: Pick<StoredAggregate, 'id'> & Partial<StoredAggregate>,
  commands: readonly AnyCommand[],
  keys: readonly string[] = [],
): PendingCommit {
  const pending = commands.map((command, index) => ({
    aggregate,
    id: base.id,
    isNew: false,
    expectedVersion: undefined,
    command,
    requestId: randomUUID(),
    key: keyFor(keys[index]),
    traceparent: undefined,
    deadline: Infinity,
  }))
  const stored = base.version === undefined ? [] : [base as StoredAggregate]
  const facts = { now: () => new Date(), newEventId: () => randomUUID() }
  const { groups, failed } = decideBatch(pending, stored, facts)
  const commit = groups[0]?.commit
  if (commit === undefined) throw new Error('nothing to commit', { cause: { groups, failed } })
  return commit
}

function keyFor(key: string | undefined): IdempotencyKey | undefined {
  return key === undefined ? undefined : { key, fingerprint: Buffer.from(key) }
}
