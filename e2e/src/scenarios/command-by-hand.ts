import { randomUUID } from 'node:crypto'
import { encodeProductEvent, productEventTypes } from '@lockstep/contracts/product-event-codec.ts'
import type { PoolClient } from 'pg'
import type { Attempt } from '../evidence/history.ts'

/**
 * Carries out a command by statements of its own, as a writer would that is slow between them: the caller begins and
 * commits. Gives what a client would have been told.
 */
export async function commandByHand(
  client: PoolClient,
  { id, version }: { id: string; version: 1 | 2 },
): Promise<Attempt> {
  const [mark, eventId, at] = [randomUUID(), randomUUID(), new Date()]
  const { rows } = await client.query<{ created_at: Date }>('select created_at from products where id = $1', [
    id,
  ])
  const createdAt = rows[0]?.created_at ?? at
  const details = { name: mark, description: '', category: 'general', priceCents: 1 }
  const payload = encodeProductEvent({
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
  const type = productEventTypes[version === 1 ? 'created' : 'updated']
  await client.query(
    `insert into products values ($1, $2, $3, '', 'general', 1, $4, $5)
     on conflict (id) do update set version = excluded.version, name = excluded.name, updated_at = excluded.updated_at`,
    [id, version, mark, createdAt, at],
  )
  await client.query(
    `insert into product_events (product_id, version, event_id, type, payload, metadata, occurred_at)
     values ($1, $2, $3, $4, $5, '{}', $6)`,
    [id, version, eventId, type, payload, at],
  )
  await client.query('insert into outbox (product_id, version) values ($1, $2)', [id, version])
  return {
    type: version === 1 ? 'create' : 'update',
    id,
    mark,
    writer: 'by hand',
    protocol: 'grpc',
    sentAt: at.getTime(),
    answeredAt: Date.now(),
    outcome: { type: 'acknowledged', id, version },
  }
}
