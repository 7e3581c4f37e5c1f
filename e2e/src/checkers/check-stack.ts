import { brokerView } from '@lockstep/testkit/kafka/broker-view.ts'
import { sendQuery } from '../clients/send-query.ts'
import type { EventStore, Evidence, Recovery } from '../evidence/evidence.ts'
import type { History, Read } from '../evidence/history.ts'
import { readEvents, readEvidence, readModelStates, type Scope } from '../evidence/read-evidence.ts'
import { subjects } from '../subjects/all.ts'
import type { Subject } from '../subjects/subject.ts'
import { eventually } from '../system/eventually.ts'
import { outboxSize } from '../system/postgres.ts'
import type { Stack } from '../system/stack.ts'
import { checkHistory } from './check-history.ts'
import { readModelDivergence } from './convergence.ts'
import { brokenInvariants } from './invariants.ts'
import { lateRecoveries } from './progress.ts'
import { show, violation, type Violation } from './violation.ts'

type Options = {
  /** How long to wait until everything is published and projected. */
  withinMs: number
  recoveries?: readonly Recovery[]
  /** Aggregates that no command of the history names. */
  ids?: readonly string[]
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
  const { violations } = await checkStack(stack, { commands: [], reads: [], ...history }, options)
  return violations.map(show)
}

export async function checkStack(
  stack: Stack,
  history: History,
  { withinMs, recoveries = [], ids = [] }: Options,
): Promise<Checked> {
  const checked: Checked = { violations: [], evidence: new Map(), history: { commands: [], reads: [] } }
  const reads: Read[] = []
  const limit = Date.now() + withinMs
  for (const subject of subjects) {
    const ours = historyOf(subject, history)
    const scope = scopeOf(ours, ids)
    const unfinished = await quiescence(stack, subject, scope, Math.max(0, limit - Date.now()))
    const evidence = await readEvidence(stack, subject, scope)
    const last = await lastReads(stack, subject, evidence.events)
    const all = { commands: ours.commands, reads: [...ours.reads, ...last] }
    checked.violations.push(
      ...unfinished,
      ...checkHistory(all, evidence),
      ...brokenInvariants(subject, evidence, all.reads),
      ...failedReads(last),
    )
    checked.evidence.set(subject.type, evidence)
    reads.push(...last)
  }
  checked.violations.push(...lateRecoveries(recoveries))
  return { ...checked, history: { commands: history.commands, reads: [...history.reads, ...reads] } }
}

function historyOf({ type }: Subject, { commands, reads }: History): History {
  return {
    commands: commands.filter(({ subject }) => subject === type),
    reads: reads.filter(({ subject }) => subject === type),
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
    const behind = await broker.uncommitted(subject.group, subject.topic)
    if (behind > 0) throw new Error(`${behind} records are not processed`)
  }
  return await eventually(check, { withinMs, everyMs: 250 }).then(
    () => [],
    (error: Error) => [
      { check: 'progress', what: `the system does not come to rest: ${error.message}` } as const,
    ],
  )
}

/** What each reader returns at the end for the last version of each aggregate. */
async function lastReads(
  { readers }: Stack,
  { type: subject }: Subject,
  events: EventStore,
): Promise<Read[]> {
  const queries = [...events].flatMap(([id, stored]) =>
    readers.map((reader) => ({ reader, subject, id, minVersion: stored.length })),
  )
  const reads: Read[] = []
  const work = async () => {
    // A reader that does not respond delays each query: the first failures are enough.
    const failures = () => reads.filter(({ result }) => result.type === 'failed').length
    for (let next; failures() < 10 && (next = queries.pop());) {
      const { reader, ...query } = next
      const send = () => sendQuery(reader, 'grpc', 'at the end', query)
      let read = await send()
      // On a busy machine a response may be late once; a read model that is behind stays behind.
      for (let repeats = 0; repeats < 3 && read.result.type === 'failed'; repeats++) read = await send()
      reads.push(read)
    }
  }
  await Promise.all(Array.from({ length: 8 }, work))
  return reads
}

function failedReads(reads: readonly Read[]): Violation[] {
  return reads.flatMap(({ id, minVersion, result }) =>
    result.type === 'failed'
      ? [violation('convergence', id, `a query for version ${minVersion} fails: ${result.code}`)]
      : [],
  )
}
