import type { ProductEvent as ProductEventMessage } from '@lockstep/contracts/gen/lockstep/product/v1/events.ts'
import {
  ProductCommandsService,
  type CreateProductRequest,
  type UpdateProductRequest,
} from '@lockstep/contracts/gen/lockstep/product/v1/product_commands.ts'
import { productEvents } from '@lockstep/contracts/product-events.ts'
import { z } from 'zod'
import { command, defineAggregate, del, patch, post, put } from '../runtime/aggregate.ts'
import { masked } from '../runtime/field-mask.ts'
import { slug, text, wholeNumber } from '../runtime/input.ts'
import { decide, evolve, type ProductCommand, type ProductEvent, type ProductState } from './product.ts'

/** The commands of products over both protocols, and the form of their events. */

const name = text(1, 250).meta({ example: 'Ethiopian coffee, 250 g' })
const description = text(0, 5000).meta({ example: 'Washed, notes of bergamot.' })
const category = slug(60).meta({ example: 'coffee' })
const priceCents = wholeNumber(0, 99_999_999_999).meta({
  example: 1250,
  description: 'Price in cents; 0 is a free product',
})

/** A whole product: omitted fields take their default. */
export const productDetails = z.strictObject({
  name,
  description: description.default(''),
  category: category.default('general'),
  priceCents,
})

/** Some fields; an empty object changes nothing. */
export const productChanges = z.strictObject({ name, description, category, priceCents }).partial()

export const productAggregate = defineAggregate({
  type: 'product',
  collection: 'products',
  decide,
  evolve,
  isDeleted: (state) => state.deleted,
  events: {
    contract: productEvents,
    toMessage: (event: ProductEvent, _state: ProductState, { id, ...envelope }): ProductEventMessage => ({
      ...envelope,
      productId: id,
      change: changeOf(event),
    }),
    stateOf: ({ change }) => {
      if (change?.$case === 'deleted') return { deleted: true }
      const details = change?.$case === 'created' ? change.created.details : change?.updated.details
      return { deleted: false, ...(details && { details }) }
    },
  },
  refusals: {
    already_exists: {
      kind: 'conflict',
      title: 'The id is taken',
      advice:
        'A product with this id exists or existed; a deleted id is never reused. Choose another id, or omit it and let the writer generate one.',
    },
  },
  service: ProductCommandsService,
  commands: {
    create: command({
      input: productDetails,
      toCommand: (details): ProductCommand => ({ type: 'create', details }),
      http: post('/', 201),
      grpc: { method: 'CreateProduct', input: ({ product }: CreateProductRequest) => product ?? {} },
      summary: 'Create a product',
      success: 'Created; readable through the reader within moments',
      refusals: ['already_exists'],
    }),
    replace: command({
      input: productDetails,
      toCommand: (changes): ProductCommand => ({ type: 'update', changes }),
      http: put('/{id}'),
      summary: 'Replace a product: fields left out take their default',
      success: 'Replaced. If nothing changed, the version stays the same',
      refusals: ['not_found'],
    }),
    patch: command({
      input: productChanges,
      toCommand: (changes): ProductCommand => ({ type: 'update', changes }),
      http: patch('/{id}'),
      grpc: {
        method: 'UpdateProduct',
        input: ({ product, updateMask }: UpdateProductRequest) => masked(productDetails, product, updateMask),
      },
      summary: 'Change some fields of a product',
      success: 'Applied. If nothing changed, the version stays the same',
      refusals: ['not_found'],
    }),
    delete: command({
      input: z.strictObject({}),
      toCommand: (): ProductCommand => ({ type: 'delete' }),
      http: del('/{id}'),
      grpc: 'DeleteProduct',
      summary: 'Delete a product for good: its id cannot be used again',
      success: 'Deleted',
      refusals: ['not_found'],
    }),
  },
  view: {
    columns: {
      name: `state #>> '{details,name}'`,
      description: `state #>> '{details,description}'`,
      category: `state #>> '{details,category}'`,
      price_cents: `(state #>> '{details,priceCents}')::bigint`,
    },
  },
})

function changeOf(event: ProductEvent): ProductEventMessage['change'] {
  switch (event.type) {
    case 'created':
      return { $case: 'created', created: { details: event.details } }
    case 'updated':
      return {
        $case: 'updated',
        updated: { details: event.details, changedFields: event.changedFields },
      }
    case 'deleted':
      return { $case: 'deleted', deleted: {} }
  }
}
