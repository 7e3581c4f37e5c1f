import type { EventMessage } from '@lockstep/contracts/event-contract.ts'
import { eventHeaders, type ErrorClass } from '@lockstep/contracts/topics.ts'
import { isRfc3339Time } from '@lockstep/core/text/rfc3339.ts'
import { isLowerCaseUuid } from '@lockstep/core/text/uuid.ts'
import { recordHeaderText, type ReceivedRecord } from '@lockstep/core/kafka/client/record.ts'
import type { Decode, Decoded } from '@lockstep/core/kafka/consumer/batch.ts'
import type { Source, SourceEvent, SourceState } from '../read-model.ts'

type Rejected = { ok: false; errorClass: ErrorClass; message: string }

/** Decodes a record of the source topic, or says why no reader of this release can apply it. */
export function decodeEvent<S extends SourceState, M extends EventMessage>(
  source: Source<S, M>,
): Decode<SourceEvent<S>> {
  const { contract, stateOf } = source
  const types: Readonly<Record<string, string>> = contract.types
  const knownTypes = new Set(Object.values(types))

  return (record): Decoded<SourceEvent<S>> => {
    const type = recordHeaderText(record, eventHeaders.type)
    if (type !== undefined && !knownTypes.has(type)) {
      return rejected('unknown_type', `an event of type ${JSON.stringify(type)}`)
    }
    const event = messageOf(record)
    if ('ok' in event) return event
    const { eventId, change, occurredAt } = event
    if (!change) return rejected('unknown_type', 'an event with a change that this reader does not know')
    if (type !== undefined && type !== types[change.$case]) {
      return rejected('invariant', `the header says ${type}, the value ${change.$case}`)
    }
    const broken = brokenInvariant(event, record.key) ?? source.invariant?.(event)
    if (broken !== undefined) return rejected('invariant', broken)
    const traceparent = recordHeaderText(record, eventHeaders.traceparent)
    return {
      ok: true,
      value: {
        eventId,
        occurredAt: occurredAt!,
        ...(traceparent !== undefined && { traceparent }),
        state: stateOf(event),
      },
    }
  }

  function messageOf({ value }: ReceivedRecord): M | Rejected {
    if (value === null) return rejected('undecodable', 'the record has no value')
    const notAnEvent = `the value is not an event of the aggregate ${contract.aggregate}`
    let event: M
    try {
      event = contract.decode(value)
    } catch (error) {
      return rejected('undecodable', `${notAnEvent}: ${(error as Error).message}`)
    }
    // Most random bytes that can be parsed consist of unknown fields.
    if (!isLowerCaseUuid(event.eventId)) {
      return rejected('undecodable', `${notAnEvent}: event_id is not a UUID`)
    }
    return event
  }

  function brokenInvariant(event: M, key: Buffer | null): string | undefined {
    const id = contract.idOf(event)
    if (!isLowerCaseUuid(id)) return `the id of the ${contract.aggregate} is not a UUID in lower case`
    if (key?.toString('utf8') !== id)
      return `the key of the record is not the id of the ${contract.aggregate}`
    if (event.version < 1) return `version ${event.version} is below 1`
    if (!isRfc3339Time(event.occurredAt)) return 'occurred_at is not a moment'
    if (!isRfc3339Time(event.createdAt)) return 'created_at is not a moment'
    return undefined
  }
}

function rejected(errorClass: ErrorClass, message: string): Rejected {
  return { ok: false, errorClass, message }
}
