import { setTimeout as sleep } from 'node:timers/promises'
import { errorCatalogue } from '@lockstep/core/errors/app-error.ts'
import { checkStack } from '../checkers/check-stack.ts'
import type { Violation } from '../checkers/violation.ts'
import { acknowledged } from '../clients/load.ts'
import type { Recovery } from '../evidence/evidence.ts'
import { queriesOf, type History, type TimelineEntry } from '../evidence/history.ts'
import type { Injection, Scenario } from '../scenarios/scenario.ts'
import type { Stack } from '../system/stack.ts'
import type { Random } from './random.ts'
import { recover } from './recovery.ts'
import { startTraffic } from './traffic.ts'

export type Result = {
  /** One fault, or two at the same time. */
  scenarios: readonly string[]
  /** From the start of the traffic to the end of the checks. */
  seconds: number
  commands: number
  reads: number
  /** The outcomes of the commands, and the results of the reads, that were sent during the fault. */
  commandOutcomes: Readonly<Record<string, number>>
  readResults: Readonly<Record<string, number>>
  /** From the healing until a command through every writer was readable on every reader. */
  recoveredInMs: number | undefined
  violations: readonly Violation[]
}

export type Run = { result: Result; history: History; timeline: readonly TimelineEntry[] }

/** Longer than progress may take, so that a late recovery is measured. */
const patient = { recoverWithinMs: 60_000, checkWithinMs: 60_000 }

/** Starts traffic, injects the faults side by side during it, and checks everything that happened. */
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
  const unmet: Violation[] = []
  await stack.heal()
  const trafficOptions = Object.assign({}, ...faults.map((fault) => fault.traffic)) as Scenario['traffic']
  await using traffic = startTraffic(stack, random, trafficOptions)
  const injection: Injection = {
    stack,
    random,
    traffic,
    note,
    expect(holds, what) {
      if (holds) return
      note(`expectation not met: ${what}`)
      if (faults.length === 1) unmet.push({ check: 'fault behaviour', what: `not so: ${what}` })
    },
    record: (attempt) => traffic.history.commands.push(attempt),
    own: (id) => ids.push(id),
  }
  await acknowledged(traffic, 30)

  const faultAt = Date.now()
  note(`begin ${faults.map(({ name }) => name).join(' and ')}`)
  const injected = await Promise.allSettled(faults.map((fault, index) => inject(fault, index, injection)))
  const down = await stack.heal().then(
    () => [],
    (error: Error): Violation[] => [
      { check: 'progress', what: `a process does not restart: ${error.message}` },
    ],
  )
  const healedAt = Date.now()
  note('every process is ready')

  const recoveries = await recover(injection, { healedAt, withinMs: limits.recoverWithinMs })
  note('a command is readable on every reader')
  const ended: PromiseSettledResult<void>[] = []
  for (const fault of faults) ended.push(...(await Promise.allSettled([fault.afterwards?.(injection)])))
  if (recoveries.every(({ readableAt }) => readableAt !== undefined)) await acknowledged(traffic, 20)
  const history = await traffic.stop()
  const checked = await checkStack(stack, history, {
    withinMs: limits.checkWithinMs,
    recoveries,
    ids,
    totals: true,
  })
  const during = (times: { sentAt: number }) => times.sentAt >= faultAt && times.sentAt < healedAt
  const result: Result = {
    scenarios: faults.map(({ name }) => name),
    seconds: Math.round((Date.now() - begun) / 1_000),
    commands: history.commands.length,
    reads: queriesOf(history).length,
    commandOutcomes: counted(history.commands.filter(during).map(({ outcome }) => named(outcome))),
    readResults: counted(
      queriesOf(history)
        .filter(during)
        .map(({ result: read }) => named(read)),
    ),
    recoveredInMs: slowest(recoveries),
    violations: [
      ...down,
      ...checked.violations,
      ...unmet,
      // Beside another fault an injection may find its target unavailable; alone it must succeed.
      ...(faults.length === 1 ? failures(injected, 'the fault could not be injected') : []),
      ...failures(ended, 'the fault could not be ended'),
    ].filter((violation) => !faults.some(({ excuses }) => excuses?.(violation))),
  }
  return { result, history: checked.history, timeline }
}

/** Of two faults the second begins at a random moment of the first. */
async function inject(fault: Scenario, index: number, injection: Injection): Promise<void> {
  if (index > 0) await sleep(injection.random() * 3_000)
  try {
    await fault.inject(injection)
  } catch (error) {
    injection.note(`${fault.name} ended early: ${(error as Error).message}`)
    throw error
  }
}

function failures(outcomes: readonly PromiseSettledResult<unknown>[], what: string): Violation[] {
  return outcomes.flatMap((outcome) =>
    outcome.status === 'rejected'
      ? [{ check: 'progress', what: `${what}: ${(outcome.reason as Error).message}` }]
      : [],
  )
}

function slowest(recoveries: readonly Recovery[]): number | undefined {
  const times = recoveries.map(({ readableAt, healedAt }) => (readableAt ?? Infinity) - healedAt)
  const max = Math.max(0, ...times)
  return Number.isFinite(max) ? max : undefined
}

function named(result: { type: string; code?: string }): string {
  if (result.code === undefined) return result.type
  // The service's codes are in the error catalogue; any other is the client's name for a broken connection.
  return result.code in errorCatalogue ? result.code : 'no response'
}

function counted(names: readonly string[]): Record<string, number> {
  const groups = [...Map.groupBy(names, (name) => name)].map(([name, same]) => [name, same.length] as const)
  return Object.fromEntries(groups.toSorted(([, a], [, b]) => b - a))
}
