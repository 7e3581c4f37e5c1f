import type { EventMessage } from '@lockstep/contracts/event-contract.ts'
import { eventHeaders, eventsTopic, projectionGroup, type ErrorClass } from '@lockstep/contracts/topics.ts'
import { batchByTurn } from '@lockstep/core/async/batch-by-turn.ts'
import { recordHeaderText, type ReceivedRecord } from '@lockstep/core/kafka/client/record.ts'
import type { Decode, Decoded } from '@lockstep/core/kafka/consumer/batch.ts'
import type { ConsumerOptions } from '@lockstep/core/kafka/consumer/consumer-options.ts'
import { startConsumer, type RunningConsumer } from '@lockstep/core/kafka/consumer/consumer-runtime.ts'
import { isRfc3339Time } from '@lockstep/core/text/rfc3339.ts'
import { isLowerCaseUuid } from '@lockstep/core/text/uuid.ts'
import type { ReadModel, Source, SourceEvent, SourceState } from '../read-model.ts'
import type { ProjectEvents } from './project-events.ts'

/**
 * Events per write. A batch of small records can have thousands, whose documents would outlive the young generation of
 * the heap, and a server that executes so large a write under load misses the heartbeats of its clients.
 */
const WRITE_SIZE = 1_000

/** Below this, the batches of several partitions are one write: a write of a few events costs about as much as one of 50. */
const SMALL_BATCH = 200

/**
 * Consumes the source topic for one generation of a read model. Every generation has its own group; all of them share
 * the error and retry topics of the read model's first group.
 */
export function startProjection(
  options: Pick<ConsumerOptions<SourceEvent>, 'kafka' | 'log' | 'registry' | 'group'> & {
    readModel: Pick<ReadModel, 'name' | 'source'>
    project: ProjectEvents
  },
): RunningConsumer {
  const { readModel, project, ...rest } = options
  const projectBatch = inWrites(project)
  return startConsumer<SourceEvent>({
    ...rest,
    deadLetterGroup: projectionGroup(readModel.name),
    topics: [eventsTopic(readModel.source.contract.aggregate)],
    decode: decodeEvent(readModel.source),
    handle: (messages, { attempt }) =>
      projectBatch(
        messages.map(({ value }) => value),
        attempt,
      ),
  })
}

/**
 * Cuts large batches into writes and combines small ones. All partitions of a fetch arrive in one turn of the event
 * loop, and no two of them have events of the same id.
 */
export function inWrites(project: ProjectEvents): ProjectEvents {
  const projectTogether = batchByTurn(
    async (batches: readonly { events: readonly SourceEvent[]; attempt: number }[]) => {
      const attempt = Math.max(...batches.map((batch) => batch.attempt))
      await project(
        batches.flatMap(({ events }) => events),
        attempt,
      )
      return batches.map(() => {})
    },
  )
  return async (events, attempt) => {
    if (events.length < SMALL_BATCH) return projectTogether({ events, attempt })
    for (let from = 0; from < events.length; from += WRITE_SIZE) {
      await project(events.slice(from, from + WRITE_SIZE), attempt)
    }
  }
}

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
    // Only a recorded trace needs it; the search for a header costs every record time.
    const tracestate = traceparent?.endsWith('1')
      ? recordHeaderText(record, eventHeaders.tracestate)
      : undefined
    return {
      ok: true,
      value: {
        eventId,
        occurredAt: occurredAt!,
        ...(traceparent !== undefined && { traceparent }),
        ...(tracestate !== undefined && { tracestate }),
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
