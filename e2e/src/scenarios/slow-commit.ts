import { randomUUID } from 'node:crypto'
import { productEvents } from '@lockstep/contracts/product-events.ts'
import type { PoolClient } from 'pg'
import type { Attempt } from '../evidence/history.ts'
import { productCreatedAt, writeProduct } from '../system/postgres.ts'

/**
 * Applies a command with its own statements, as a writer does that is slow between them: the caller begins and commits
 * the transaction. Returns the attempt as a client would record it.
 */
export async function writeForSlowCommit(
  client: PoolClient,
  { id, version }: { id: string; version: 1 | 2 },
): Promise<Attempt> {
  const [mark, eventId, at] = [randomUUID(), randomUUID(), new Date()]
  const createdAt = (await productCreatedAt(client, id)) ?? at
  const details = { name: mark, description: '', category: 'general', priceCents: 1 }
  const payload = productEvents.encode({
    eventId,
    productId: id,
    version,
    occurredAt: at,
    createdAt,
    change:
      version === 1
        ? { $case: 'created', created: { details } }
        : { $case: 'updated', updated: { details, changedFields: ['name'] } },
  })
  const eventType = productEvents.types[version === 1 ? 'created' : 'updated']
  await writeProduct(client, { id, version, name: mark, eventId, eventType, payload, createdAt, at })
  return {
    subject: 'product',
    type: version === 1 ? 'create' : 'update',
    id,
    mark,
    writer: 'by hand',
    protocol: 'grpc',
    sentAt: at.getTime(),
    completedAt: Date.now(),
    outcome: { type: 'acknowledged', id, version },
  }
}
