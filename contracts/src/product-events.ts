import { eventContract } from './event-contract.ts'
import { ProductEvent } from './gen/lockstep/product/v1/events.ts'

/** The events of products, on the topic `product.events`. */
export const productEvents = eventContract({
  aggregate: 'product',
  message: ProductEvent,
  idOf: (event) => event.productId,
  types: {
    created: 'lockstep.product.v1.ProductCreated',
    updated: 'lockstep.product.v1.ProductUpdated',
    deleted: 'lockstep.product.v1.ProductDeleted',
  },
})
