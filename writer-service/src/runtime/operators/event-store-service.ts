import {
  EventStoreService,
  type AggregateState,
  type EventPosition,
  type StoredEvent,
} from '@lockstep/contracts/gen/lockstep/ops/v1/event_store.ts'
import { openArchive } from '@lockstep/core/archive/archive.ts'
import { orMalformed } from '@lockstep/core/archive/contract.ts'
import { AppError, checkAll, invalid, quoted, type FieldViolation } from '@lockstep/core/errors/app-error.ts'
import type { grpcServices, GrpcService } from '@lockstep/core/grpc/service.ts'
import { timeViolations } from '@lockstep/core/operators/time-range.ts'
import { z } from 'zod'
import type { Aggregate } from '../aggregate.ts'
import { parseInput, uuid, wholeNumber } from '../input.ts'
import type { ListedEvent, StoredEvents } from './stored-events.ts'
import type { AggregateStates, AuditedState } from './aggregate-states.ts'
import type { ExportEvents } from './export/export-events.ts'
import type { ImportEvents } from './export/import-events.ts'
import type { Republish } from './republish.ts'

const MAX_IDS = 1_000

/** States that are read from the database at a time. */
const PAGE = 500

/** `lockstep.ops.v1.EventStore`. */
export function eventStoreService(
  grpcService: ReturnType<typeof grpcServices>,
  parts: {
    aggregates: readonly Aggregate[]
    republish: Republish
    states: AggregateStates
    events: StoredEvents
    exportEvents: ExportEvents
    importEvents: ImportEvents
  },
): GrpcService {
  const { republish, states, events } = parts
  return grpcService(EventStoreService, {
    async republishEvents({ all, dryRun, since, until, ...request }, send) {
      const { type: aggregate } = aggregateNamed(request.aggregate)
      const whole = [request.id, since, until].every((each) => each === undefined)
      const [id, after] = checkAll(
        () => (request.id === undefined ? undefined : idOf(request.id)),
        () => request.after && positionOf(request.after),
        () =>
          throwIfAny([
            ...violationIf(
              whole && !all,
              'all',
              'must be set for the whole store; or set id, since or until',
            ),
            ...timeViolations({ since, until }),
          ]),
      )
      await republish({ aggregate, id, since, until, after, dryRun }, send)
    },

    async listStates({ ids, afterId, upToId, limit, ...request }, send) {
      const aggregate = aggregateNamed(request.aggregate)
      throwIfAny([
        ...violationIf(ids.length > MAX_IDS, 'ids', `must be ${MAX_IDS} at most`),
        ...violationIf(limit !== undefined && !(limit >= 1), 'limit', 'must be a whole number of 1 or more'),
      ])
      if (ids.length > 0) {
        const found = await states.find(aggregate, ids.map(idOf))
        for (const state of found) await send({ state: stateMessage(state) })
        return
      }
      let after = afterId === '' ? undefined : idOf(afterId)
      const upTo = upToId === '' ? undefined : idOf(upToId)
      for (let left = limit ?? Infinity; left > 0; left -= PAGE) {
        const range = { afterId: after, upToId: upTo, limit: Math.min(PAGE, left) }
        const page = await states.list(aggregate, range)
        for (const state of page) await send({ state: stateMessage(state) })
        after = page.at(-1)?.id
        if (page.length < PAGE) return
      }
    },

    async listEvents({ positions, limit, ...request }, send) {
      const { type } = aggregateNamed(request.aggregate)
      throwIfAny([
        ...violationIf(positions.length > MAX_IDS, 'positions', `must be ${MAX_IDS} at most`),
        ...violationIf(limit !== undefined && !(limit >= 1), 'limit', 'must be a whole number of 1 or more'),
      ])
      if (positions.length > 0) {
        const found = await events.find(
          type,
          positions.map((position) => positionOf(position, 'positions')),
        )
        for (const event of found) await send(eventMessage(event))
        return
      }
      let after = request.after && positionOf(request.after)
      const upTo = request.upTo && positionOf(request.upTo, 'up_to')
      for (let left = limit ?? Infinity; left > 0; left -= PAGE) {
        const page = await events.list(type, { after, upTo, limit: Math.min(PAGE, left) })
        for (const event of page) await send(eventMessage(event))
        after = page.at(-1)
        if (page.length < PAGE) return
      }
    },

    async exportEvents(_, send) {
      for await (const data of parts.exportEvents()) await send({ data })
    },

    importEvents: (requests, send) =>
      orMalformed(async () => {
        let publish = true
        async function* bytes() {
          for await (const { withoutPublishing, data } of requests) {
            publish = !withoutPublishing
            yield data
          }
        }
        // The header is in the first messages.
        await using archive = await openArchive(bytes())
        await parts.importEvents(archive, { publish, onProgress: (imported) => send({ imported }) })
      }),
  })

  function aggregateNamed(name: string): Aggregate {
    const aggregate = parts.aggregates.find(({ type }) => type === name)
    if (aggregate !== undefined) return aggregate
    const known = parts.aggregates.map(({ type }) => type).join(', ')
    throw new AppError('not_found', `There is no aggregate ${quoted(name)}; the aggregates are: ${known}`)
  }
}

const target = z.object({ id: uuid() })
const position = z.object({ id: uuid(), version: wholeNumber(0, Number.MAX_SAFE_INTEGER) })
const positionIn = {
  after: z.object({ after: position }),
  up_to: z.object({ up_to: position }),
  positions: z.object({ positions: position }),
}

function idOf(text: string): string {
  return parseInput(target, { id: text }).id
}

function positionOf(given: EventPosition, field: keyof typeof positionIn = 'after'): EventPosition {
  const parsed: Record<string, EventPosition> = parseInput(positionIn[field], { [field]: given })
  return parsed[field]!
}

function violationIf(wrong: boolean, field: string, message: string): FieldViolation[] {
  return wrong ? [{ field, message }] : []
}

function throwIfAny(violations: readonly FieldViolation[]): void {
  if (violations.length > 0) throw invalid(violations)
}

function stateMessage(state: AuditedState): AggregateState {
  const { id, version, deleted, lastEvent, mismatches, updatedAt } = state
  const ageMs = Math.max(0, Date.now() - updatedAt.getTime())
  return { id, version, deleted, lastEvent, ageMs, mismatches: [...mismatches] }
}

function eventMessage({ id, version, payload, occurredAt }: ListedEvent): { event: StoredEvent } {
  const ageMs = Math.max(0, Date.now() - occurredAt.getTime())
  return { event: { position: { id, version }, payload, ageMs } }
}
