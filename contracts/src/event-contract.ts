import { eventHeaders, eventsTopic } from './topics.ts'

/** How the events of one aggregate travel: protobuf values, CloudEvents headers in binary mode. */

/** The fields that every event message has. `change` is its oneof: a case for each type of event. */
export type EventMessage = {
  eventId: string
  version: number
  occurredAt?: Date | undefined
  createdAt?: Date | undefined
  /** Of the command that caused the event. */
  requestId?: string | undefined
  change?: { $case: string } | undefined
}

export type EventContract<M extends EventMessage> = {
  /** The type of the aggregate, as in the name of its topic. */
  aggregate: string
  /** The CloudEvents type of each case of `change`. */
  types: Readonly<Record<CaseOf<M>, string>>
  /** The aggregate that the event belongs to. */
  idOf: (message: M) => string
  encode: (message: M) => Buffer
  /** Throws when the bytes are not this message. */
  decode: (bytes: Uint8Array) => M
}

type CaseOf<M extends EventMessage> = NonNullable<M['change']>['$case']

type MessageCodec<M> = {
  encode: (message: M) => { finish: () => Uint8Array }
  decode: (bytes: Uint8Array) => M
}

export function eventContract<M extends EventMessage>(options: {
  aggregate: string
  message: MessageCodec<M>
  idOf: (message: M) => string
  types: Readonly<Record<CaseOf<M>, string>>
}): EventContract<M> {
  const { aggregate, message, idOf, types } = options
  return {
    aggregate,
    types,
    idOf,
    encode: (event) => Buffer.from(message.encode(event).finish()),
    decode: (bytes) => message.decode(bytes),
  }
}

/** An event as the event store keeps it: encoded, with what its headers are generated from. */
export type StoredEvent = {
  aggregate: string
  id: string
  eventId: string
  /** CloudEvents type, for example `lockstep.product.v1.ProductCreated`. */
  type: string
  occurredAt: Date
  payload: Buffer
  traceparent: string | undefined
  tracestate?: string | undefined
}

/** The record that carries the event. */
export function eventRecord(event: StoredEvent) {
  return {
    topic: eventsTopic(event.aggregate),
    key: event.id,
    value: event.payload,
    headers: {
      [eventHeaders.specVersion]: '1.0',
      [eventHeaders.id]: event.eventId,
      [eventHeaders.type]: event.type,
      [eventHeaders.source]: '/lockstep/writer',
      [eventHeaders.time]: event.occurredAt.toISOString(),
      [eventHeaders.contentType]: 'application/protobuf',
      ...(event.traceparent !== undefined && { [eventHeaders.traceparent]: event.traceparent }),
      ...(event.tracestate !== undefined && { [eventHeaders.tracestate]: event.tracestate }),
    },
  }
}
