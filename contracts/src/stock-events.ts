import { eventContract } from './event-contract.ts'
import { StockEvent } from './gen/lockstep/stock/v1/events.ts'

/** The events of stocks, on the topic `stock.events`. */
export const stockEvents = eventContract({
  aggregate: 'stock',
  message: StockEvent,
  idOf: (event) => event.stockId,
  types: {
    received: 'lockstep.stock.v1.StockReceived',
    reserved: 'lockstep.stock.v1.StockReserved',
    released: 'lockstep.stock.v1.ReservationReleased',
    shipped: 'lockstep.stock.v1.ReservationShipped',
    counted: 'lockstep.stock.v1.StockCounted',
  },
})
