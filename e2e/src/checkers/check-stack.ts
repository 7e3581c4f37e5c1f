import { groups, topics } from '@lockstep/contracts/topics.ts'
import { brokerView } from '@lockstep/core/kafka/testing/broker-view.ts'
import { sendQuery } from '../clients/send-query.ts'
import { eventually } from '../system/eventually.ts'
import type { Evidence, Recovery } from '../evidence/evidence.ts'
import type { History, Read } from '../evidence/history.ts'
import { judge } from './check-history.ts'
import { differing } from './convergence.ts'
import { show, violation, type Violation } from './violation.ts'
import { readEvidence, readModel, readStore, type Scope } from '../evidence/read-evidence.ts'
import type { Stack } from '../system/stack.ts'

/**
 * Compares everything that the system keeps of a history's products with what their callers were told, and with what
 * queries answer now. Waits first, `withinMs` at most, until all is published and projected. Gives every difference.
 */
export async function faultsIn(
  stack: Stack,
  history: Partial<History>,
  { withinMs }: { withinMs: number },
): Promise<string[]> {
  const { violations } = await judged(stack, { commands: [], reads: [], ...history }, { withinMs })
  return violations.map(show)
}

export async function judged(
  stack: Stack,
  history: History,
  {
    withinMs,
    recoveries = [],
    ids = [],
  }: { withinMs: number; recoveries?: Recovery[]; ids?: readonly string[] },
): Promise<{ violations: Violation[]; evidence: Evidence; history: History }> {
  const scope = scopeOf(history, ids)
  const unsettled = await settled(stack, scope, withinMs)
  const evidence = { ...(await readEvidence(stack, scope)), recoveries }
  const last = await lastReads(stack, evidence)
  const all = { commands: history.commands, reads: [...history.reads, ...last] }
  const unanswered = last.flatMap(({ id, minVersion, answer }) =>
    answer.type === 'failed'
      ? [violation('C', id, `a query for version ${minVersion} fails: ${answer.code}`)]
      : [],
  )
  return { violations: [...unsettled, ...judge(all, evidence), ...unanswered], evidence, history: all }
}

/** `ids`: of products that no command of the history named. */
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

/** Waits until what is in the store is published, projected and committed. */
async function settled(stack: Stack, scope: Scope, withinMs: number): Promise<Violation[]> {
  await using broker = await brokerView(stack.servers.kafka.brokers)
  const look = async () => {
    const { rowCount } = await stack.postgres.query('select from outbox limit 1')
    if (rowCount !== 0) throw new Error('events wait in the outbox')
    const store = await readStore(stack, scope)
    const model = await readModel(stack, new Set(store.keys()))
    const [different] = differing({ store, states: [], model }, []).filter(({ what }) =>
      what.startsWith('the model'),
    )
    if (different) throw new Error(show(different))
    // Cache writes that are owed hold the offsets back.
    const behind = await broker.uncommitted(groups.productProjection, topics.productEvents)
    if (behind > 0) throw new Error(`${behind} records are not handled`)
  }
  return await eventually(look, { withinMs, everyMs: 250 }).then(
    () => [],
    (error: Error) => [{ promise: 'P', what: `it does not come to rest: ${error.message}` } as const],
  )
}

/** What the readers answer in the end to one who asks for the last version. */
async function lastReads({ readers }: Stack, { store }: Pick<Evidence, 'store'>): Promise<Read[]> {
  const questions = [...store].flatMap(([id, events]) =>
    readers.map((reader) => ({ reader, id, minVersion: events.length })),
  )
  const reads: Read[] = []
  const ask = async () => {
    // A reader that does not answer takes its time over each: the first of them say enough.
    const failed = () => reads.filter(({ answer }) => answer.type === 'failed').length
    for (let next; failed() < 10 && (next = questions.pop());) {
      const { reader, ...query } = next
      const answered = () => sendQuery(reader, 'grpc', 'at last', query)
      let read = await answered()
      // On a busy machine an answer may be too late once; of a model that is behind it stays so.
      for (let again = 0; again < 3 && read.answer.type === 'failed'; again++) read = await answered()
      reads.push(read)
    }
  }
  await Promise.all(Array.from({ length: 8 }, ask))
  return reads
}
