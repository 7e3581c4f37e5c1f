import type { Aggregate, AnyCommand } from '../aggregate.ts'
import { refused, type Decision } from '../decision.ts'
import type {
  AggregateKey,
  Claim,
  CommandOutcome,
  ExpectedVersion,
  IdempotencyKey,
  PendingCommit,
  PendingEvent,
  StoredAggregate,
} from './ports.ts'

/** A command to decide on. */
export type PendingCommand = {
  aggregate: Aggregate
  id: string
  /** The writer generated the id, so there is nothing to load. */
  isNew: boolean
  expectedVersion: ExpectedVersion | undefined
  command: AnyCommand
  requestId: string
  key: IdempotencyKey | undefined
  traceparent: string | undefined
  tracestate?: string | undefined
  /** Milliseconds since the epoch. */
  deadline: number
}

/** The decisions about the commands of one aggregate. They are valid together, or all must be repeated. */
export type DecidedGroup = {
  /** In the order of the commands; at least one. */
  decided: { of: PendingCommand; outcome: CommandOutcome }[]
  /** Undefined if no command changes anything; the claims must then be stored on their own. */
  commit: PendingCommit | undefined
  claims: Claim[]
}

export type DecidedBatch = {
  groups: DecidedGroup[]
  /** The commands on which a slice threw, which is an error of ours. They changed nothing. */
  failed: { of: PendingCommand; error: unknown }[]
  /** The last commands of the batch, which exceeded `maxBytes` and were not decided. */
  rest: readonly PendingCommand[]
}

export type DecisionFacts = { now: () => Date; newEventId: () => string }

/** The aggregate of a command, as one text. */
export const aggregateKeyOf = ({ aggregate, id }: PendingCommand): string =>
  keyOf({ type: aggregate.type, id })

const keyOf = ({ type, id }: AggregateKey) => `${type}/${id}`

/** The commands so far on one aggregate, which the store has in the state `base`, and the state after them. */
type Group = {
  base: StoredAggregate | undefined
  current: StoredAggregate | undefined
  decided: DecidedGroup['decided']
  events: PendingEvent[]
}

/**
 * Decides the commands in order. A command on an aggregate that an earlier command of the batch changes is decided on
 * the state that results from it.
 *
 * @param maxBytes once the events have so many bytes, the other commands are not decided
 */
export function decideBatch(
  batch: readonly PendingCommand[],
  stored: readonly StoredAggregate[],
  facts: DecisionFacts,
  maxBytes = Infinity,
): DecidedBatch {
  const bases = new Map(stored.map((aggregate) => [keyOf(aggregate), aggregate]))
  const groups = new Map<string, Group>()
  const failed: DecidedBatch['failed'] = []
  let bytes = 0
  let taken = 0
  for (const command of batch) {
    if (bytes >= maxBytes) break
    taken++
    const key = aggregateKeyOf(command)
    const base = bases.get(key)
    const group = groups.get(key) ?? { base, current: base, decided: [], events: [] }
    groups.set(key, group)
    try {
      bytes += decideNext(group, command, facts)
    } catch (error) {
      failed.push({ of: command, error })
    }
  }
  const decided = [...groups.values()].filter((group) => group.decided.length > 0)
  return { groups: decided.map(resultOf), failed, rest: batch.slice(taken) }
}

/** Adds a command to its group, and returns the bytes of its event. A command that fails leaves the group unchanged. */
function decideNext(group: Group, command: PendingCommand, facts: DecisionFacts): number {
  const { current } = group
  const at = occurrenceTime(current, facts.now())
  const decision = decideCommand(command, current, at)
  if (decision.type !== 'accepted') {
    group.decided.push({ of: command, outcome: outcomeOf(command, decision, current) })
    return 0
  }
  const [next, event] = apply(command, current, decision.event, { at, eventId: facts.newEventId() })
  group.decided.push({ of: command, outcome: outcomeOf(command, decision, next) })
  group.events.push(event)
  group.current = next
  return event.payload.length
}

function resultOf({ base, current, decided, events }: Group): DecidedGroup {
  const claims = decided.flatMap(({ of: { key }, outcome }) => (key ? [{ ...key, outcome }] : []))
  const [first] = decided
  if (events.length === 0 || current === undefined || first === undefined) {
    return { decided, commit: undefined, claims }
  }
  const next = { ...current, deleted: first.of.aggregate.isDeleted(current.state) }
  const deadline = Math.min(...decided.map(({ of }) => of.deadline))
  return { decided, commit: { baseVersion: base?.version ?? 0, events, next, claims, deadline }, claims }
}

/** The clocks of several writers differ; the times of one aggregate never run backwards. */
function occurrenceTime(current: StoredAggregate | undefined, now: Date): Date {
  return current !== undefined && current.updatedAt > now ? current.updatedAt : now
}

/**
 * An expected version is compared before the decision, so that it is refused even if the command changes nothing.
 * Without an aggregate at a version, the slice decides first: that there is none is the more useful refusal.
 */
function decideCommand(
  { aggregate, id, expectedVersion, command }: PendingCommand,
  current: StoredAggregate | undefined,
  at: Date,
): Decision<{ type: string }> {
  const exists = current !== undefined && !aggregate.isDeleted(current.state)
  if (exists && typeof expectedVersion === 'number' && expectedVersion !== current.version) {
    const detail = `The ${aggregate.type} is at version ${current.version}; read it and try again`
    return refused('version_conflict', detail)
  }
  const decision = aggregate.decide(current?.state, command, { id, at })
  if (decision.type === 'accepted' && !exists && expectedVersion !== undefined) {
    return refused('version_conflict', `There is no ${aggregate.type} ${id}, so it has no version`)
  }
  return decision
}

function apply(
  { aggregate, id, requestId, traceparent, tracestate }: PendingCommand,
  current: StoredAggregate | undefined,
  event: { type: string },
  { at, eventId }: { at: Date; eventId: string },
): [StoredAggregate, PendingEvent] {
  const { type, events } = aggregate
  const state = aggregate.evolve(current?.state, event)
  const version = (current?.version ?? 0) + 1
  const createdAt = current?.createdAt ?? at
  const envelope = { eventId, id, version, occurredAt: at, createdAt, requestId }
  const message = events.toMessage(event, state, envelope)
  const eventType = events.contract.types[message.change.$case]
  if (eventType === undefined) throw new TypeError(`${type}: the event ${message.change.$case} has no type`)
  const payload = events.contract.encode(message)
  return [
    { type, id, version, state, createdAt, updatedAt: at },
    { eventId, version, eventType, payload, occurredAt: at, traceparent, tracestate },
  ]
}

function outcomeOf(
  { aggregate, id, requestId }: PendingCommand,
  decision: Decision<unknown>,
  current: StoredAggregate | undefined,
): CommandOutcome {
  if (decision.type === 'refused') {
    const { code, detail } = decision
    const refusal = aggregate.refusals[code]
    if (refusal === undefined) throw new TypeError(`${aggregate.type} declares no refusal ${code}`)
    return { type: 'refused', kind: refusal.kind, code, detail, requestId }
  }
  if (current === undefined) throw new TypeError(`${aggregate.type}: a command without a state is unchanged`)
  return { type: 'done', id, version: current.version }
}
