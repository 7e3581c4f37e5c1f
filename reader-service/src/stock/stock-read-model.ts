import { z } from '@hono/zod-openapi'
import type { StockEvent } from '@lockstep/contracts/gen/lockstep/stock/v1/events.ts'
import { StockQueriesService } from '@lockstep/contracts/gen/lockstep/stock/v1/stock_queries.ts'
import { stockEvents } from '@lockstep/contracts/stock-events.ts'
import { versionedDocument } from '../runtime/projection/versioned-document.ts'
import type { Source, SourceState } from '../runtime/read-model.ts'

export type Stock = SourceState & {
  readonly deleted: false
  readonly onHand: number
  /** The sum of the open reservations. */
  readonly reserved: number
  readonly updatedAt: Date
}

export const stockSource: Source<Stock, StockEvent> = {
  contract: stockEvents,
  stateOf: (event) => ({
    id: event.stockId,
    version: event.version,
    deleted: false,
    onHand: event.level!.onHand,
    reserved: reservedOf(event),
    updatedAt: event.occurredAt!,
  }),
  invariant: (event) => {
    if (!event.level) return 'the level is missing'
    const { onHand } = event.level
    const reserved = reservedOf(event)
    return reserved > onHand ? `${reserved} are reserved, but only ${onHand} are on hand` : undefined
  },
}

function reservedOf({ level }: StockEvent): number {
  return (level?.reservations ?? []).reduce((sum, { quantity }) => sum + quantity, 0)
}

const quantity = (description: string, example: number) => z.int().min(0).openapi({ description, example })

/** The read model of stocks: one document per stock, found by id, and listed by what is available. */
export const stockReadModel = versionedDocument({
  name: 'stock',
  source: stockSource,

  document: ({ onHand, reserved, updatedAt }: Stock) => ({
    onHand,
    reserved,
    available: onHand - reserved,
    updatedAt,
  }),
  indexes: [
    { name: 'available', key: { deleted: 1, available: 1, _id: 1 }, purpose: 'what must be ordered' },
    {
      name: 'last_changed',
      key: { deleted: 1, updatedAt: -1, _id: 1 },
      purpose: 'the stock that changed last',
    },
  ],

  schema: 'Stock',
  fields: {
    onHand: quantity('The quantity in the warehouse', 98),
    reserved: quantity('The sum of the open reservations', 30),
    available: quantity('`onHand` - `reserved`', 68),
    updatedAt: z.iso.datetime({ precision: 3 }).openapi({ example: '2026-03-15T10:00:00.000Z' }),
  },

  tag: 'Stock',
  get: {
    path: '/api/v1/stock/{id}',
    operationId: 'getStock',
    summary: 'Get the stock of a product',
    noun: 'stock',
  },
  lists: {
    listStock: {
      path: '/api/v1/stock',
      summary: 'List stock',
      description:
        'With `maxAvailable`, only what must be ordered. Stock whose quantity changes while a caller reads pages in ' +
        'that order may move to another page.',
      filters: {
        maxAvailable: {
          kind: 'number',
          min: 0,
          description: 'Only stocks with at most this quantity available',
          example: 10,
          conditions: (maxAvailable) => [{ available: { $lte: maxAvailable } }],
        },
      },
      sorts: {
        available: { by: 'available' },
        // Few stocks may be low: in this order a page of them would read all others too.
        updatedAt: { by: 'updatedAt', index: 'descending', notWith: ['maxAvailable'] },
      },
      defaultSort: 'available',
    },
  },
  grpc: (service, queries) =>
    service(StockQueriesService, {
      getStock: async (request, call) => ({ stock: await queries.get(request, call) }),
      listStock: (request, call) => queries.lists.listStock(request, call),
    }),
})
