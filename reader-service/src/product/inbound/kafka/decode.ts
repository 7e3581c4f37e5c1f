import { ProductEvent } from '@lockstep/contracts/gen/lockstep/product/v1/events.ts'
import type { ProductDetails } from '@lockstep/contracts/gen/lockstep/product/v1/product.ts'
import { eventHeaders, type ErrorClass } from '@lockstep/contracts/topics.ts'
import type { Decoded } from '@lockstep/core/kafka/consumer/batch.ts'
import { headerText, type ReceivedRecord } from '@lockstep/core/kafka/client/record.ts'
import type { ProductState, ProjectedEvent } from '../../domain/product.ts'

const eventTypes = ['created', 'updated', 'deleted'].map((name) => typeOf(name))

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The first and last moment that RFC 3339 can write. */
const earliest = Date.parse('0000-01-01T00:00:00.000Z')
const latest = Date.parse('9999-12-31T23:59:59.999Z')

/**
 * What a record on `product.events` says, or why the projection can never take it. The limits of names
 * and prices are the writer's: a reader that repeated them would refuse events when they are widened.
 */
export function decodeProductEvent(record: ReceivedRecord): Decoded<ProjectedEvent> {
  const type = headerText(record.headers, eventHeaders.type)
  if (type !== undefined && !eventTypes.includes(type)) {
    return refused('unknown_type', `an event of type ${JSON.stringify(type)}`)
  }
  if (record.value === null) return refused('undecodable', 'the record has no value')
  let event: ProductEvent
  try {
    event = ProductEvent.decode(record.value)
  } catch (error) {
    return refused('undecodable', `the value is not a ProductEvent: ${(error as Error).message}`)
  }
  if (!uuid.test(event.eventId)) {
    // Most bytes that happen to parse are fields that nobody knows.
    return refused('undecodable', 'the value is not a ProductEvent: event_id is not a UUID')
  }
  if (!event.change) return refused('unknown_type', 'an event with a change that this reader does not know')
  if (type !== undefined && type !== typeOf(event.change.$case)) {
    return refused('invariant', `the header says ${type}, the value ${event.change.$case}`)
  }
  const broken = brokenInvariant(event, record.key)
  if (broken !== undefined) return refused('invariant', broken)

  const traceparent = headerText(record.headers, eventHeaders.traceparent)
  return {
    ok: true,
    value: {
      eventId: event.eventId,
      occurredAt: event.occurredAt!,
      ...(traceparent !== undefined && { traceparent }),
      state: stateAfter(event),
    },
  }
}

function brokenInvariant(event: ProductEvent, key: Buffer | null): string | undefined {
  const { productId, version, occurredAt, createdAt, change } = event
  if (!uuid.test(productId)) return 'product_id is not a UUID in lower case'
  if (key?.toString('utf8') !== productId) return 'the key of the record is not the product_id'
  if (version < 1) return `version ${version} is below 1`
  if ((version === 1) !== (change?.$case === 'created')) {
    return `version ${version} cannot be ${change?.$case}: the first version creates, and no other does`
  }
  if (!isMoment(occurredAt)) return 'occurred_at is not a moment'
  if (!isMoment(createdAt)) return 'created_at is not a moment'
  if (change?.$case === 'deleted') return undefined
  const details = detailsOf(event)
  if (!details) return 'the details are missing'
  if (details.name === '') return 'the name is empty'
  if (details.category === '') return 'the category is empty'
  if (details.priceCents < 0) return `the price ${details.priceCents} is negative`
  return undefined
}

function stateAfter(event: ProductEvent): ProductState {
  const { productId: id, version } = event
  if (event.change?.$case === 'deleted') return { id, version, deleted: true }
  return {
    id,
    version,
    ...detailsOf(event)!,
    createdAt: event.createdAt!,
    updatedAt: event.occurredAt!,
    deleted: false,
  }
}

function detailsOf({ change }: ProductEvent): ProductDetails | undefined {
  if (change?.$case === 'created') return change.created.details
  if (change?.$case === 'updated') return change.updated.details
  return undefined
}

function isMoment(date: Date | undefined): boolean {
  const time = date?.getTime() ?? NaN
  return time >= earliest && time <= latest
}

function typeOf(change: string): string {
  return `lockstep.product.v1.Product${change[0]?.toUpperCase()}${change.slice(1)}`
}

function refused(
  errorClass: ErrorClass,
  message: string,
): { ok: false; errorClass: ErrorClass; message: string } {
  return { ok: false, errorClass, message }
}
