import {
  DeadLettersService,
  type DeadLetter as DeadLetterMessage,
  type DeadLetterSelection,
  type RecordPosition as PositionMessage,
} from '@lockstep/contracts/gen/lockstep/ops/v1/dead_letters.ts'
import { AppError, invalid, quoted, type FieldViolation } from '../errors/app-error.ts'
import type { grpcServices, GrpcService } from '../grpc/service.ts'
import { headerValues } from '../kafka/client/record.ts'
import type { RecordPosition } from '../kafka/dead-letters/dead-letter.ts'
import {
  deadLetterGroups,
  getDeadLetter,
  listDeadLetters,
  type DeadLetterFilter,
  type ListedDeadLetter,
} from '../kafka/dead-letters/read-dead-letters.ts'
import {
  discardDeadLetters,
  redriveDeadLetters,
  type DeadLetterStore,
  type ResolveOptions,
} from '../kafka/dead-letters/resolve-dead-letters.ts'
import { timeViolations } from './time-range.ts'

const DEFAULT_PER_SECOND = 100
const MAX_PER_SECOND = 10_000

/** `lockstep.ops.v1.DeadLetters` for every consumer group of this system. */
export function deadLettersService(
  grpcService: ReturnType<typeof grpcServices>,
  store: DeadLetterStore,
): GrpcService {
  return grpcService(DeadLettersService, {
    async listDeadLetters({ selection, resolved }, send) {
      const { group, filter } = selected(selection)
      await requireGroup(store, group)
      for (const letter of await listDeadLetters(store, group, filter, resolved ? 'resolved' : 'open')) {
        await send({ deadLetter: messageOf(letter) })
      }
    },

    async getDeadLetter({ group, position }) {
      const wanted = positionOf(required(position, 'position'))
      throwIfAny(positionViolations(position))
      await requireGroup(store, group)
      const found = await getDeadLetter(store, group, wanted)
      const { value, headers } = found.record
      return {
        deadLetter: messageOf(found),
        value: value ?? undefined,
        headers: Object.keys(headers).flatMap((name) =>
          headerValues(headers, name).map((each) => ({ name, value: each ?? undefined })),
        ),
      }
    },

    async redriveDeadLetters(request, send) {
      const { group, filter } = selected(request.selection, request.all)
      const perSecond = request.recordsPerSecond ?? DEFAULT_PER_SECOND
      const range = `must be 1-${MAX_PER_SECOND}`
      throwIfAny([
        ...resolveViolations(request, 0),
        ...violationUnless(perSecond >= 1 && perSecond <= MAX_PER_SECOND, 'recordsPerSecond', range),
      ])
      await requireGroup(store, group)
      const options = { ...resolveOptions(request), perSecond }
      await redriveDeadLetters(store, group, filter, options, (letter, done, total) =>
        send({ deadLetter: messageOf(letter), done, total }),
      )
    },

    async discardDeadLetters(request, send) {
      const { group, filter } = selected(request.selection, request.all)
      throwIfAny(resolveViolations(request, 1))
      await requireGroup(store, group)
      await discardDeadLetters(store, group, filter, resolveOptions(request), (letter, done, total) =>
        send({ deadLetter: messageOf(letter), done, total }),
      )
    },
  })
}

/** @param all whether the whole group may be selected; reading it changes nothing, so the default is true */
function selected(
  selection: DeadLetterSelection | undefined,
  all = true,
): { group: string; filter: DeadLetterFilter } {
  const { group, position, ...rest } = required(selection, 'selection')
  const filter = { ...rest, ...(position && { position: positionOf(position) }) }
  const narrowed = Object.values(filter).some((value) => value !== undefined)
  const hint = 'selects every dead letter of the group: set `all` to confirm'
  throwIfAny([
    ...violationUnless(all || narrowed, 'selection', hint),
    ...positionViolations(position),
    ...timeViolations(filter),
  ])
  return { group, filter }
}

async function requireGroup(store: DeadLetterStore, group: string): Promise<void> {
  const known = await deadLetterGroups(store)
  if (known.includes(group)) return
  const message = `There is no group ${quoted(group)}; use one of: ${known.join(', ')}`
  throw new AppError('not_found', message)
}

function resolveOptions({ by, reason, dryRun }: ResolveOptions): ResolveOptions {
  return { by, reason, dryRun }
}

function resolveViolations({ by, reason }: ResolveOptions, minReason: number): FieldViolation[] {
  return [
    ...violationUnless(
      by.length >= 1 && by.length <= 200,
      'by',
      'must have 1-200 characters: the person who requests it',
    ),
    ...violationUnless(
      reason.length >= minReason && reason.length <= 1_000,
      'reason',
      `must have ${minReason}-1000 characters`,
    ),
  ]
}

function violationUnless(valid: boolean, field: string, message: string): FieldViolation[] {
  return valid ? [] : [{ field, message }]
}

function throwIfAny(violations: readonly FieldViolation[]): void {
  if (violations.length > 0) throw invalid(violations)
}

function required<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw invalid([{ field, message: 'is missing' }])
  return value
}

function positionViolations(position: PositionMessage | undefined): FieldViolation[] {
  if (position === undefined) return []
  const rule = 'must be a whole number of 0 or more'
  return [
    ...violationUnless(position.partition >= 0, 'position.partition', rule),
    ...violationUnless(position.offset >= 0, 'position.offset', rule),
  ]
}

function positionOf({ topic, partition, offset }: PositionMessage): RecordPosition {
  return { topic, partition, offset: String(offset) }
}

function messageOf(letter: ListedDeadLetter): DeadLetterMessage {
  const { position, key, errorClass, message, attempts, firstFailedAt, failedAt, resolution } = letter
  return {
    position: { ...position, offset: Number(position.offset) },
    key: key ?? undefined,
    errorClass,
    errorMessage: message,
    attempts,
    firstFailedAt,
    failedAt,
    resolution: resolution && {
      outcome: resolution.outcome,
      attempts: resolution.attempts,
      by: resolution.by,
      reason: resolution.reason,
      at: resolution.at,
    },
  }
}
