import {
  ErrorRecordsService,
  type ErrorEntry as EntryMessage,
  type ErrorSelection,
  type RecordPlace as PlaceMessage,
} from '@lockstep/contracts/gen/lockstep/ops/v1/error_records.ts'
import { groups } from '@lockstep/contracts/topics.ts'
import { AppError, invalid, type FieldViolation } from '../errors/app-error.ts'
import type { grpcServices, GrpcService } from '../grpc/service.ts'
import type { RecordPlace } from '../kafka/dead-letters/error-entry.ts'
import type { ErrorFilter, ListedError } from '../kafka/dead-letters/error-reader.ts'
import type { ErrorTopics, Verdict } from '../kafka/dead-letters/error-topics.ts'
import { headerValues } from '../kafka/client/record.ts'
import { timeFaults } from './time-range.ts'

const DEFAULT_PER_SECOND = 100
const MAX_PER_SECOND = 10_000

/** `lockstep.ops.v1.ErrorRecords` for every group of this system. */
export function errorRecordsService(
  grpcService: ReturnType<typeof grpcServices>,
  errors: ErrorTopics,
): GrpcService {
  return grpcService(ErrorRecordsService, {
    async listErrors({ selection, settled }, send) {
      const { group, filter } = selected(selection)
      for (const error of await errors.list(group, filter, settled ? 'settled' : 'open')) {
        await send({ entry: entryMessage(error) })
      }
    },

    async getError({ group, place }) {
      const found = await errors.find(knownGroup(group), placeOf(required(place, 'place')))
      const { value, headers } = found.record
      return {
        entry: entryMessage(found),
        value: value ?? undefined,
        headers: Object.keys(headers).flatMap((name) =>
          headerValues(headers, name).map((each) => ({ name, value: each ?? undefined })),
        ),
      }
    },

    async redriveErrors(request, send) {
      const { group, filter } = selected(request.selection, request.all)
      const perSecond = request.recordsPerSecond ?? DEFAULT_PER_SECOND
      const range = `must be 1-${MAX_PER_SECOND}`
      refuse([
        ...verdictFaults(request, 0),
        ...faultUnless(perSecond >= 1 && perSecond <= MAX_PER_SECOND, 'recordsPerSecond', range),
      ])
      await errors.redrive(group, filter, { ...verdict(request), perSecond }, (error, done, total) =>
        send({ entry: entryMessage(error), done, total }),
      )
    },

    async discardErrors(request, send) {
      const { group, filter } = selected(request.selection, request.all)
      refuse(verdictFaults(request, 1))
      await errors.discard(group, filter, verdict(request), (error, done, total) =>
        send({ entry: entryMessage(error), done, total }),
      )
    },
  })
}

/** @param all left out where nothing is changed, so that no selection does harm */
function selected(selection: ErrorSelection | undefined, all = true): { group: string; filter: ErrorFilter } {
  const { group, place, ...rest } = required(selection, 'selection')
  const filter = { ...rest, ...(place && { place: placeOf(place) }) }
  const narrowed = Object.values(filter).some((value) => value !== undefined)
  const hint = 'selects every record of the group: set all when that is meant'
  refuse([...faultUnless(all || narrowed, 'selection', hint), ...timeFaults(filter)])
  return { group: knownGroup(group), filter }
}

function knownGroup(group: string): string {
  const known: readonly string[] = Object.values(groups)
  if (known.includes(group)) return group
  throw new AppError(
    'not_found',
    `There is no group ${JSON.stringify(group)}; there are: ${known.join(', ')}`,
  )
}

type Asked = { by: string; reason: string; dryRun: boolean }

function verdict({ by, reason, dryRun }: Asked): Verdict {
  return { by, reason, dryRun }
}

function verdictFaults({ by, reason }: Asked, minReason: number): FieldViolation[] {
  return [
    ...faultUnless(by.length >= 1 && by.length <= 200, 'by', 'must have 1-200 characters: who asks'),
    ...faultUnless(
      reason.length >= minReason && reason.length <= 1_000,
      'reason',
      `must have ${minReason}-1000 characters`,
    ),
  ]
}

function faultUnless(right: boolean, field: string, message: string): FieldViolation[] {
  return right ? [] : [{ field, message }]
}

function refuse(faults: readonly FieldViolation[]): void {
  if (faults.length > 0) throw invalid(faults)
}

function required<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw invalid([{ field, message: 'is missing' }])
  return value
}

function placeOf({ topic, partition, offset }: PlaceMessage): RecordPlace {
  return { topic, partition, offset: String(offset) }
}

function entryMessage({ entry, settlement }: ListedError): EntryMessage {
  const { topic, partition, offset } = entry.place
  return {
    place: { topic, partition, offset: Number(offset) },
    key: entry.key ?? undefined,
    errorClass: entry.errorClass,
    errorMessage: entry.message,
    attempts: entry.attempts,
    firstFailedAt: entry.firstFailedAt,
    failedAt: entry.failedAt,
    settlement: settlement && {
      outcome: settlement.outcome,
      attempts: settlement.attempts,
      by: settlement.by,
      reason: settlement.reason,
      at: settlement.at,
    },
  }
}
