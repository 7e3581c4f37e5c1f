import { setTimeout as sleep } from 'node:timers/promises'
import { errorCatalogue } from '@lockstep/core/errors/app-error.ts'
import { aggregates } from '@lockstep/writer-service/aggregates.ts'
import { judged } from '../checks.ts'
import type { Attempt, History, Read, TimelineEntry } from '../history/history.ts'
import type { Violation } from '../history/violation.ts'
import { acknowledged } from '../load.ts'
import type { Stack } from '../stack.ts'
import type { Random } from './random.ts'
import { recover } from './recovery.ts'
import type { Scenario, World } from './scenario.ts'
import { startTraffic } from './traffic.ts'

export type Result = {
  /** One fault, or two at the same time. */
  scenarios: readonly string[]
  /** From its begin to the end of the judgement. */
  seconds: number
  commands: number
  reads: number
  /** What callers were told of the commands and reads that they sent while the fault was there. */
  toldCommands: Readonly<Record<string, number>>
  toldReads: Readonly<Record<string, number>>
  /** From the healing until a command had come through every writer to every reader. */
  recoveredInMs: number | undefined
  violations: readonly Violation[]
}

export type Run = { result: Result; history: History; timeline: readonly TimelineEntry[] }

/** Longer than progress may take, so that a late one is measured. */
const patient = { recoverWithinMs: 60_000, settleWithinMs: 60_000 }

/** Traffic, the faults side by side in the middle of it, a judgement of all that happened. */
export async function runScenario(
  stack: Stack,
  faults: readonly Scenario[],
  random: Random,
  limits = patient,
): Promise<Run> {
  const begun = Date.now()
  const timeline: TimelineEntry[] = []
  const note = (what: string) => void timeline.push({ at: Date.now(), what })
  const ids: string[] = []
  await stack.mend()
  await using traffic = startTraffic(
    stack,
    random,
    Object.assign({}, ...faults.map((fault) => fault.traffic)),
  )
  const world: World = {
    stack,
    random,
    traffic,
    note,
    record: (attempt) => traffic.history.commands.push(attempt),
    ours: (id) => ids.push(id),
  }
  await acknowledged(traffic, 30)

  const faultAt = Date.now()
  note(`begin ${faults.map(({ name }) => name).join(' and ')}`)
  const outcomes = await Promise.allSettled(faults.map((fault, index) => inject(fault, index, world)))
  const down = await stack.mend().then(
    () => [],
    (error: Error): Violation[] => [{ promise: 'P', what: `a process does not come back: ${error.message}` }],
  )
  const healedAt = Date.now()
  note('everything runs and answers')

  const recoveries = await recover(world, { healedAt, withinMs: limits.recoverWithinMs })
  note('a command came all the way')
  const endings: PromiseSettledResult<void>[] = []
  for (const fault of faults) endings.push(...(await Promise.allSettled([fault.afterwards?.(world)])))
  if (recoveries.every(({ readableAt }) => readableAt !== undefined)) await acknowledged(traffic, 20)
  const history = await traffic.stop()
  const judgement = await judged(stack, history, { withinMs: limits.settleWithinMs, recoveries, ids })
  const during = (times: { sentAt: number }) => times.sentAt >= faultAt && times.sentAt < healedAt
  const result = {
    scenarios: faults.map(({ name }) => name),
    seconds: Math.round((Date.now() - begun) / 1_000),
    commands: history.commands.length,
    reads: history.reads.length,
    toldCommands: counted(history.commands.filter(during).map(({ outcome }) => told(outcome))),
    toldReads: counted(history.reads.filter(during).map(({ answer }) => told(answer))),
    recoveredInMs: recoveries.reduce<number | undefined>(
      (slowest, { readableAt }) =>
        slowest === undefined || readableAt === undefined
          ? undefined
          : Math.max(slowest, readableAt - healedAt),
      0,
    ),
    violations: [
      ...down,
      ...judgement.violations,
      // Beside another fault one may find that what it needs is away; alone it has to come about.
      ...(faults.length === 1 ? failed(outcomes, 'the fault could not be carried out') : []),
      ...failed(endings, 'the fault could not be ended'),
    ].filter((violation) => !faults.some(({ excuses }) => excuses?.(violation))),
  }
  return { result, history: judgement.history, timeline }
}

/** Of two faults the second begins somewhere in the first. */
async function inject(fault: Scenario, index: number, world: World): Promise<void> {
  if (index > 0) await sleep(world.random() * 3_000)
  try {
    await fault.inject(world)
  } catch (error) {
    world.note(`${fault.name} ended early: ${(error as Error).message}`)
    throw error
  }
}

function failed(outcomes: readonly PromiseSettledResult<unknown>[], what: string): Violation[] {
  return outcomes.flatMap((outcome) =>
    outcome.status === 'rejected'
      ? [{ promise: 'P', what: `${what}: ${(outcome.reason as Error).message}` }]
      : [],
  )
}

const knownCodes = new Set([
  ...Object.keys(errorCatalogue),
  ...aggregates.flatMap(({ refusals }) => Object.keys(refusals)),
])

function told(answer: Attempt['outcome'] | Read['answer']): string {
  if (!('code' in answer)) return answer.type
  // The codes of the services are known; the rest is the client's own word for a broken connection.
  return knownCodes.has(answer.code) ? answer.code : 'no answer'
}

function counted(names: readonly string[]): Record<string, number> {
  const groups = [...Map.groupBy(names, (name) => name)].map(([name, same]) => [name, same.length] as const)
  return Object.fromEntries(groups.toSorted(([, a], [, b]) => b - a))
}
