import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import { executeCommandOn, type ExecuteCommand } from '../product/app/execute-command.ts'
import type { ProductStore } from '../product/app/ports.ts'
import { postgresCommandResults } from '../product/outbound/postgres/command-results.ts'
import { postgresProductStore } from '../product/outbound/postgres/product-store.ts'

/** The use case on a real database, without a relay. `options`: what is to be different. */
export function executeOn(
  pool: Pool,
  options: { store?: ProductStore; outboxIsFull?: () => boolean } = {},
): ExecuteCommand {
  return executeCommandOn({
    store: postgresProductStore(pool),
    results: postgresCommandResults(pool),
    now: () => new Date(),
    newProductId: () => randomUUID(),
    newEventId: () => randomUUID(),
    outboxIsFull: () => false,
    onCommitted: () => {},
    ...options,
  })
}
