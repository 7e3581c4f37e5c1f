import { table } from '@lockstep/docs/markdown.ts'
import { cases } from '../cases/all.ts'
import { median } from '../measure/alternate.ts'
import { roles } from '../measure/cpu-meter.ts'
import * as numbers from './numbers.ts'
import type { Results, StoredCase } from './results.ts'
import { barChart, stackedBars } from './svg.ts'

/** The parts of docs/performance.md that are measured. */
export function resultTables(results: Results): Record<string, string> {
  const measured = inOrder(results)
  return {
    conditions: conditions(results, measured),
    figures: figures(measured),
    rounds: rounds(measured),
    cpu: cpu(measured),
    capacity: capacity(results),
  }
}

export function plots(results: Results): Record<string, string> {
  const measured = inOrder(results)
  const ratios = measured.flatMap(({ figures: all }) => all.filter(({ unit }) => unit === '×'))
  const bars = ratios.map(({ what, samples, aim }) => ({
    label: what,
    value: median(samples),
    low: Math.min(...samples),
    high: Math.max(...samples),
    aim: aim && ('atLeast' in aim ? aim.atLeast : aim.atMost),
  }))
  const stacks = sidesOf(measured).map(({ rounds: { name, samples } }) => ({
    label: name,
    parts: Object.fromEntries(roles.map((role) => [role, numbers.cpuPerOperation(samples, role)])),
  }))
  return {
    'ratios.svg': barChart('Ratios to the reference of the same run; orange: the aim', bars, (value) =>
      value.toFixed(2),
    ),
    'cpu.svg': stackedBars(
      'CPU time per operation, by process',
      stacks,
      (micros) => `${micros.toFixed(0)} µs`,
    ),
  }
}

function conditions({ machine }: Results, measured: readonly StoredCase[]): string {
  const days = [...new Set(measured.map(({ at }) => at.slice(0, 10)))].toSorted()
  const highest = Math.max(...measured.map(({ load }) => load))
  const lengths = new Set(measured.map(({ rounds: count, seconds }) => `${count} rounds of ${seconds} s`))
  return [
    `Measured on ${days.join(' and ')} on one machine that runs everything: ${machine}.`,
    `Each side has ${[...lengths].join(' or ')}, in turn with its reference.`,
    `Highest load average before a case: ${highest.toFixed(1)} (includes what the earlier cases left behind).`,
  ].join(' ')
}

function figures(measured: readonly StoredCase[]): string {
  const rows = measured.flatMap(({ figures: all }) =>
    all.map((figure) => {
      const reached = numbers.reachesAim(figure)
      const verdict = reached === undefined ? '' : reached ? 'yes' : 'no'
      const value = numbers.valueText(figure, median(figure.samples))
      return [figure.what, value, numbers.spreadText(figure), numbers.aimText(figure), verdict]
    }),
  )
  return table(['Measured', 'Median', 'Rounds', 'Aim', 'Reached'], rows)
}

function rounds(measured: readonly StoredCase[]): string {
  const rows = sidesOf(measured).map(({ rounds: { name, samples } }) => {
    const role = numbers.busiest(samples)
    return [
      name,
      numbers.rateText(samples),
      numbers.latencyText(samples, 'p50Ms'),
      numbers.latencyText(samples, 'p99Ms'),
      `${role} (${numbers.coresUsed(samples, role).toFixed(2)})`,
      numbers.coresUsed(samples, 'generator').toFixed(2),
    ]
  })
  const head = ['Side', 'Per second', 'Median ms', 'p99 ms', 'Busiest process (cores)', 'Generator (cores)']
  return table(head, rows)
}

function cpu(measured: readonly StoredCase[]): string {
  const rows = sidesOf(measured).map(({ per, rounds: { name, samples } }) => [
    name,
    per,
    ...roles.map((role) => numbers.cpuPerOperation(samples, role).toFixed(0)),
  ])
  return table(['Side', 'Per', ...roles], rows)
}

/** What one core of each process carries, from the creates with the whole path running. */
function capacity({ cases: byName }: Results): string {
  const [created] = byName.create?.sides ?? []
  if (!created) return 'Not measured: run the case `create`.'
  const { samples } = created.rounds
  const processes = roles.filter((role) => role !== 'generator' && role !== 'reference')
  const rows = processes.map((role) => {
    const micros = numbers.cpuPerOperation(samples, role)
    const carried = micros > 0 ? (1e6 / micros).toFixed(0) : ''
    return [role, micros.toFixed(0), carried, numbers.coresUsed(samples, role).toFixed(2)]
  })
  return table(['Process', 'CPU µs per command', 'Commands per second and core', 'Cores used'], rows)
}

/** A side that several cases measure appears once for each of them. */
const sidesOf = (measured: readonly StoredCase[]) => measured.flatMap(({ sides }) => sides)

function inOrder(results: Results): StoredCase[] {
  return cases.flatMap(({ name }) => results.cases[name] ?? [])
}
