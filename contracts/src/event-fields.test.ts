import { expect, test } from 'vitest'
import { eventFields } from './event-fields.ts'
import { productEvents } from './product-events.ts'
import { stockEvents } from './stock-events.ts'

test('the fields of events include those of the messages that they contain, and none of other aggregates', () => {
  const fields = eventFields(productEvents)
  expect(fields).toContain('lockstep.product.v1.ProductEvent.version#3:3')
  expect(fields).toContain('lockstep.product.v1.ProductDetails.price_cents#4:3')
  expect(fields).toContain('google.protobuf.Timestamp.seconds#1:3')
  expect(fields.filter((field) => field.includes('Stock'))).toEqual([])
  expect(eventFields(stockEvents)).toContain(
    'lockstep.stock.v1.StockEvent.level#6:lockstep.stock.v1.StockLevel',
  )
})
