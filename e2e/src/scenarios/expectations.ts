import type { BrokerView } from '@lockstep/testkit/kafka/broker-view.ts'
import { sendQuery } from '../clients/send-query.ts'
import { queriesOf, type Attempt, type Read } from '../evidence/history.ts'
import { refusedByDomain } from '../runner/traffic.ts'
import { eventually } from '../system/eventually.ts'
import type { Reader, Service } from '../system/services.ts'
import type { Injection } from './scenario.ts'

/** What scenarios expect of the services during a fault, beside what the checkers verify afterwards. */

/** Within some seconds the probe responds with this status. */
export async function expectProbe(
  { expect }: Pick<Injection, 'expect'>,
  { name, admin }: Service,
  path: '/live' | '/ready',
  status: number,
): Promise<void> {
  let found: number | string | undefined
  const probe = async () => {
    found = undefined
    found = (await admin.send('GET', path)).status
    if (found !== status) throw new Error(`${found}`)
  }
  await eventually(probe, { withinMs: 5_000 }).catch(() => {})
  expect(found === status, `${name} responds to ${path} with ${status}; it responds with ${found}`)
}

/** Commands sent since then are acknowledged, or refused by the rules of the aggregate; `codes` are allowed besides. */
export function expectCommands(
  { expect, traffic }: Injection,
  since: number,
  codes: readonly string[] = [],
): void {
  const allowed = ({ outcome }: Attempt) => 'code' in outcome && codes.includes(outcome.code)
  const wrong = traffic.history.commands.filter(
    (attempt) =>
      attempt.sentAt >= since &&
      attempt.outcome.type !== 'acknowledged' &&
      !refusedByDomain(attempt) &&
      !allowed(attempt),
  )
  const [first] = wrong
  const code = first && 'code' in first.outcome ? first.outcome.code : ''
  expect(
    wrong.length === 0,
    `every command is acknowledged or refused by its rules${codes.length > 0 ? `, or ${codes.join(' or ')}` : ''}; ${wrong.length} are not, the first: ${code} from ${first?.writer}`,
  )
}

/** Queries sent since then have a result; a version wait may end with `read_model_behind`. */
export function expectReads({ expect, traffic }: Injection, since: number): void {
  const wrong = queriesOf(traffic.history).filter(
    ({ sentAt, result }) =>
      sentAt >= since && result.type === 'failed' && result.code !== 'read_model_behind',
  )
  const [first] = wrong
  const code = first && 'code' in first.result ? first.result.code : ''
  expect(
    wrong.length === 0,
    `every query has a result; ${wrong.length} have none, the first: ${code} on ${first?.connection}`,
  )
}

/** Sends this many queries, without a version, through each reader; all have a result. */
export async function expectQueries(injection: Injection, count: number): Promise<void> {
  const { stack, traffic } = injection
  const since = Date.now()
  const known = traffic.history.commands.flatMap(({ subject, outcome }) =>
    outcome.type === 'acknowledged' ? [{ subject, id: outcome.id }] : [],
  )
  const queries = async (reader: Reader) => {
    for (let n = 0; n < count; n++) await recordedQuery(injection, reader, known[n % known.length]!)
  }
  await Promise.all(stack.readers.map(queries))
  expectReads(injection, since)
}

/** A query that the checkers see too. */
export async function recordedQuery(
  { traffic }: Pick<Injection, 'traffic'>,
  reader: Reader,
  query: { subject: string; id: string; minVersion?: number },
): Promise<Read> {
  const read = await sendQuery(reader, 'http', 'scenario', query)
  traffic.history.reads.push(read)
  return read
}

export function hasVersion({ result }: Read, version: number): boolean {
  return result.type === 'found' && result.state.version === version
}

/** The members of the group once it has this many; a killed member stays until its session times out. */
export async function membersOf(broker: BrokerView, group: string, count: number): Promise<string[]> {
  return eventually(
    async () => {
      const members = await broker.members(group)
      if (members.length !== count) throw new Error(`${group} has ${members.length} members`)
      return members.toSorted()
    },
    { withinMs: 30_000, everyMs: 200 },
  )
}
