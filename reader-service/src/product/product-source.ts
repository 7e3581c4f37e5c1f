import type { ProductEvent } from '@lockstep/contracts/gen/lockstep/product/v1/events.ts'
import type { ProductDetails } from '@lockstep/contracts/gen/lockstep/product/v1/product.ts'
import { productEvents } from '@lockstep/contracts/product-events.ts'
import type { Tombstone } from '../runtime/queries/definition.ts'
import type { Source } from '../runtime/read-model.ts'

/** A product as its events carry it. Times are exact to the millisecond. */
export type Product = {
  readonly id: string
  /** 1 for the creation; each event adds one. */
  readonly version: number
  readonly name: string
  readonly description: string
  readonly category: string
  readonly priceCents: number
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly deleted: false
}

export type ProductState = Product | Tombstone

/**
 * The states of products. The limits of names and prices are the writer's: a reader that repeated them would reject
 * events when the limits are raised.
 */
export const productSource: Source<ProductState, ProductEvent> = {
  contract: productEvents,

  stateOf(event) {
    const { productId: id, version } = event
    if (event.change?.$case === 'deleted') return { id, version, deleted: true }
    const { createdAt, occurredAt } = event
    return {
      id,
      version,
      ...detailsOf(event)!,
      createdAt: createdAt!,
      updatedAt: occurredAt!,
      deleted: false,
    }
  },

  invariant(event) {
    const { version, change } = event
    if ((version === 1) !== (change?.$case === 'created')) {
      return `version ${version} cannot be ${change?.$case}: the first version creates, and no other does`
    }
    if (change?.$case === 'deleted') return undefined
    const details = detailsOf(event)
    if (!details) return 'the details are missing'
    if (details.name === '') return 'the name is empty'
    if (details.category === '') return 'the category is empty'
    if (details.priceCents < 0) return `the price ${details.priceCents} is negative`
    return undefined
  },
}

function detailsOf({ change }: ProductEvent): ProductDetails | undefined {
  if (change?.$case === 'created') return change.created.details
  if (change?.$case === 'updated') return change.updated.details
  return undefined
}
