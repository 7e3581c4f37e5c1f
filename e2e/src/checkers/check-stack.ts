import { brokerView } from '@lockstep/testkit/kafka/broker-view.ts'
import { sendChanges, sendQuery, sendTotals } from '../clients/send-query.ts'
import type { EventStore, Evidence, Recovery } from '../evidence/evidence.ts'
import {
  newRecording,
  queriesOf,
  type ChangesRead,
  type History,
  type Read,
  type TotalsRead,
} from '../evidence/history.ts'
import { readEvents, readEvidence, readModelStates, type Scope } from '../evidence/read-evidence.ts'
import { subjects } from '../subjects/all.ts'
import { groupsOf, type Subject } from '../subjects/subject.ts'
import { eventually } from '../system/eventually.ts'
import { outboxSize } from '../system/postgres.ts'
import type { Stack } from '../system/stack.ts'
import { checkHistory } from './check-history.ts'
import { readModelDivergence } from './convergence.ts'
import { brokenInvariants } from './invariants.ts'
import { lateRecoveries } from './progress.ts'
import { wrongTotals } from './totals.ts'
import { show, violation, type Violation } from './violation.ts'

type Options = {
  /** How long to wait until everything is published and projected. */
  withinMs: number
  recoveries?: readonly Recovery[]
  /** Aggregates that no command of the history names. */
  ids?: readonly string[]
  /** Totals count all aggregates: they are checked only on a stack that nothing else has used. */
  totals?: boolean
}

export type Checked = { violations: Violation[]; evidence: Map<string, Evidence>; history: History }

/**
 * Waits until everything is published and projected, then compares what the system stores, and what queries return now,
 * with what the callers of the history experienced. Returns a line for each violation.
 */
export async function violationsIn(
  stack: Stack,
  history: Partial<History>,
  options: Options,
): Promise<string[]> {
  const { violations } = await checkStack(stack, { ...newRecording(), ...history }, options)
  return violations.map(show)
}

export async function checkStack(
  stack: Stack,
  history: History,
  { withinMs, recoveries = [], ids = [], totals = false }: Options,
): Promise<Checked> {
  const violations: Violation[] = []
  const evidenceOf = new Map<string, Evidence>()
  const seen = { ...history }
  const limit = Date.now() + withinMs
  for (const subject of subjects) {
    const ours = historyOf(subject, history)
    const scope = scopeOf(ours, ids)
    const unfinished = await quiescence(stack, subject, scope, Math.max(0, limit - Date.now()))
    const evidence = await readEvidence(stack, subject, scope)
    const last = await lastQueries(stack, subject, evidence.events)
    const all = joined(ours, last)
    violations.push(
      ...unfinished,
      ...checkHistory(all, evidence),
      ...(totals ? wrongTotals(subject.totals, evidence, all.totals, ours.commands) : []),
      ...brokenInvariants(subject, evidence, all.reads),
      ...failedQueries(last),
    )
    evidenceOf.set(subject.type, evidence)
    Object.assign(seen, joined(seen, last))
  }
  violations.push(...lateRecoveries(recoveries))
  return { violations, evidence: evidenceOf, history: seen }
}

function historyOf({ type }: Subject, { commands, reads, totals, changes }: History): History {
  const ours = ({ subject }: { subject: string }) => subject === type
  return {
    commands: commands.filter(ours),
    reads: reads.filter(ours),
    totals: totals.filter(ours),
    changes: changes.filter(ours),
  }
}

function joined(one: History, other: History): History {
  return {
    commands: [...one.commands, ...other.commands],
    reads: [...one.reads, ...other.reads],
    totals: [...one.totals, ...other.totals],
    changes: [...one.changes, ...other.changes],
  }
}

/** `ids`: aggregates that no command names. */
export function scopeOf({ commands }: Pick<History, 'commands'>, ids: readonly string[] = []): Scope {
  const named = commands.flatMap(({ id, outcome }) => [
    id,
    outcome.type === 'acknowledged' ? outcome.id : undefined,
  ])
  return {
    ids: new Set([...ids, ...named.filter((id) => id !== undefined)]),
    marks: new Set(commands.map(({ mark }) => mark)),
    since: commands.reduce((earliest, { sentAt }) => Math.min(earliest, sentAt), Date.now()),
  }
}

/** Waits until every event of the store is published, projected and committed. */
async function quiescence(
  stack: Stack,
  subject: Subject,
  scope: Scope,
  withinMs: number,
): Promise<Violation[]> {
  await using broker = await brokerView(stack.servers.kafka.brokers)
  const check = async () => {
    if ((await outboxSize(stack.postgres)) > 0) throw new Error('events wait in the outbox')
    const events = await readEvents(stack, subject, scope)
    const readModel = await readModelStates(stack, subject, new Set(events.keys()))
    const [first] = readModelDivergence({ events, readModel })
    if (first) throw new Error(show(first))
    // Pending invalidations of the cache hold the offsets back.
    for (const group of groupsOf(subject)) {
      const behind = await broker.uncommitted(group, subject.topic)
      if (behind > 0) throw new Error(`${behind} records are not processed by ${group}`)
    }
  }
  return await eventually(check, { withinMs, everyMs: 250 }).then(
    () => [],
    (error: Error) => [
      { check: 'progress', what: `the system does not come to rest: ${error.message}` } as const,
    ],
  )
}

/** What readers return at the end: the last version of each aggregate, its whole history, and the totals. */
async function lastQueries({ readers }: Stack, subject: Subject, events: EventStore): Promise<History> {
  const last = newRecording()
  const { type, changes } = subject
  const client = 'at the end'
  const ofAggregates = [...events].flatMap(([id, stored], index) => {
    const query = { subject: type, id, minVersion: stored.length }
    const reads = readers.map((reader) => async () => {
      last.reads.push(await answered(() => sendQuery(reader, 'grpc', client, query)))
    })
    if (!changes) return reads
    // The readers share the history: one of them is asked for it.
    const reader = readers[index % readers.length]!
    const page = { pageSize: 100, whole: true }
    return [
      ...reads,
      async () => void last.changes.push(await answered(() => sendChanges(reader, client, query, page))),
    ]
  })
  const ofTotals = readers.map((reader) => async () => {
    last.totals.push(await answered(() => sendTotals(reader, client, { subject: type, atRest: true })))
  })
  const queries = [...ofAggregates, ...ofTotals]
  const work = async () => {
    // A reader that does not respond delays each query: the first failures are enough.
    const failures = () => queriesOf(last).filter(({ result }) => result.type === 'failed').length
    for (let next; failures() < 10 && (next = queries.pop());) await next()
  }
  await Promise.all(Array.from({ length: 8 }, work))
  return last
}

/** On a busy machine a response may be late once; a read model that is behind stays behind. */
async function answered<R extends Read | TotalsRead | ChangesRead>(send: () => Promise<R>): Promise<R> {
  let read = await send()
  for (let repeats = 0; repeats < 3 && read.result.type === 'failed'; repeats++) read = await send()
  return read
}

function failedQueries(last: History): Violation[] {
  return queriesOf(last).flatMap(({ id = 'the totals', minVersion, result }) =>
    result.type === 'failed'
      ? [violation('convergence', id, `a query for version ${minVersion} fails: ${result.code}`)]
      : [],
  )
}
