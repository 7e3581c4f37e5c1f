import { encodeProductEvent, productEventTypes } from '@lockstep/contracts/product-event-codec.ts'
import type { ProductEvent as ProductEventMessage } from '@lockstep/contracts/gen/lockstep/product/v1/events.ts'
import type { PendingCommit } from '../../app/ports.ts'
import type { ProductChange, ProductEvent } from '../../domain/product.ts'

/** The parameters of `commit-products.sql`: a column an array, in the order of its placeholders. */
export function commitColumns(batch: readonly PendingCommit[]): unknown[] {
  const column = <T>(value: (pending: PendingCommit) => T) => batch.map(value)
  return [
    column(({ next }) => next.id),
    column(({ next }) => next.version),
    column(({ next }) => next.details.name),
    column(({ next }) => next.details.description),
    column(({ next }) => next.details.category),
    column(({ next }) => next.details.priceCents),
    column(({ next }) => next.createdAt),
    column(({ event }) => event.occurredAt),
    column(({ next }) => next.deleted),
    column(({ event }) => event.id),
    column(({ event }) => productEventTypes[event.change.type]),
    column(({ event }) => encodeProductEvent(messageOf(event))),
    column(({ traceparent }) => JSON.stringify(traceparent === undefined ? {} : { traceparent })),
    column(({ claim }) => claim?.key ?? null),
    column(({ claim }) => claim?.fingerprint ?? null),
    column(({ claim }) => claim && JSON.stringify(claim.outcome)),
  ]
}

function messageOf(event: ProductEvent): ProductEventMessage {
  return {
    eventId: event.id,
    productId: event.productId,
    version: event.version,
    occurredAt: event.occurredAt,
    createdAt: event.createdAt,
    change: changeOf(event.change),
  }
}

function changeOf(change: ProductChange): ProductEventMessage['change'] {
  switch (change.type) {
    case 'created':
      return { $case: 'created', created: { details: change.details } }
    case 'updated':
      return {
        $case: 'updated',
        updated: { details: change.details, changedFields: change.changedFields },
      }
    case 'deleted':
      return { $case: 'deleted', deleted: {} }
  }
}
