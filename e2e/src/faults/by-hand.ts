import { randomUUID } from 'node:crypto'
import { productEvents } from '@lockstep/contracts/product-events.ts'
import type { PoolClient } from 'pg'
import type { Attempt } from '../history/history.ts'

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
  const type = productEvents.types[version === 1 ? 'created' : 'updated']
  await client.query(
    `insert into aggregates values ('product', $1, $2, $3, $4, $5)
     on conflict (type, id) do update
     set version = excluded.version, state = excluded.state, updated_at = excluded.updated_at`,
    [id, version, JSON.stringify({ details, deleted: false }), createdAt, at],
  )
  await client.query(
    `insert into events (type, id, version, event_id, event_type, payload, metadata, occurred_at)
     values ('product', $1, $2, $3, $4, $5, '{}', $6)`,
    [id, version, eventId, type, payload, at],
  )
  await client.query(`insert into outbox (type, id, version) values ('product', $1, $2)`, [id, version])
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
