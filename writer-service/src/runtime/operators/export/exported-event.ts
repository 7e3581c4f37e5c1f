import { ArchiveError } from '@lockstep/core/archive/archive.ts'
import { z } from 'zod'
import type { Aggregate, AnyState } from '../../aggregate.ts'

export const CONTENT = 'events'

/** One line of an export. `payload` is Base64. */
export type ExportedEvent = z.output<typeof exportedEvent>

const exportedEvent = z.object({
  type: z.string(),
  // Any UUID: callers choose ids of every version.
  id: z.guid(),
  version: z.int().min(1),
  eventId: z.guid(),
  eventType: z.string(),
  occurredAt: z.iso.datetime(),
  metadata: z.record(z.string(), z.unknown()),
  payload: z.base64(),
})

/** The state of an aggregate after an event of an export. */
export type ImportedState = {
  type: string
  id: string
  version: number
  state: AnyState
  createdAt: Date
  updatedAt: Date
  deleted: boolean
}

/**
 * Reads the events of an export in their order and computes the state after each. Throws an ArchiveError for an event
 * that cannot follow the one before: the versions of an aggregate are 1, 2 and so on, and its events are together.
 */
export function readEvents(
  aggregates: readonly Aggregate[],
): (line: string) => { event: ExportedEvent; payload: Buffer; after: ImportedState } {
  let last: ImportedState | undefined
  return (line) => {
    const event = parseEvent(line)
    const { type, id, version, eventId } = event
    const aggregate = aggregates.find((each) => each.type === type)
    if (!aggregate)
      throw new ArchiveError(
        `The file has events of "${type}", an aggregate that this release lacks; import it with one that has it`,
      )
    const before = last?.type === type && last.id === id ? last : undefined
    if (version !== (before?.version ?? 0) + 1) {
      throw new ArchiveError(`Version ${version} of ${type} ${id} follows version ${before?.version ?? 0}`)
    }
    const payload = Buffer.from(event.payload, 'base64')
    const message = decoded(aggregate, payload, `version ${version} of ${type} ${id}`)
    const { createdAt, occurredAt } = message
    const { contract, stateOf } = aggregate.events
    const same = contract.idOf(message) === id && message.version === version && message.eventId === eventId
    if (!same || !createdAt || !occurredAt) {
      throw new ArchiveError(`The payload of version ${version} of ${type} ${id} is another event`)
    }
    const state = { ...before?.state, ...stateOf(message) }
    last = {
      type,
      id,
      version,
      state,
      createdAt: before?.createdAt ?? createdAt,
      updatedAt: occurredAt,
      deleted: aggregate.isDeleted(state),
    }
    return { event, payload, after: last }
  }
}

function parseEvent(line: string): ExportedEvent {
  try {
    return exportedEvent.parse(JSON.parse(line))
  } catch (error) {
    throw new ArchiveError('The file was altered: it has a line that is not an event', { cause: error })
  }
}

function decoded({ events }: Aggregate, payload: Buffer, name: string) {
  try {
    return events.contract.decode(payload)
  } catch (error) {
    throw new ArchiveError(`The payload of ${name} cannot be decoded: ${(error as Error).message}`)
  }
}
