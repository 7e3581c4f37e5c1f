import { code, table } from '@lockstep/docs/markdown.ts'
import type { PlantedResult } from '../../planted-bugs/results.ts'
import type { Result } from '../run-scenario.ts'
import type { Scenario } from '../../scenarios/scenario.ts'

const head = [
  'What fails',
  'When',
  'What callers were told of commands',
  'of reads',
  'What recovers it',
  'Within',
  'Broken promises',
  'Shown by',
]

/** A row for each fault that a run has had by itself, in the order of `scenarios`. */
export function matrix(scenarios: readonly Scenario[], results: readonly Result[]): string {
  const rows = scenarios.flatMap(({ name, fails, when, recovers }) => {
    const result = results.find((each) => each.scenarios.length === 1 && each.scenarios[0] === name)
    if (!result) return []
    const { toldCommands, toldReads, recoveredInMs, violations } = result
    const within = recoveredInMs === undefined ? 'not at all' : `${(recoveredInMs / 1_000).toFixed(1)} s`
    const broken = [...new Set(violations.map(({ promise }) => promise))].join(', ')
    return [
      [fails, when, told(toldCommands), told(toldReads), recovers, within, broken || 'none', code(name)],
    ]
  })
  return table(head, rows)
}

/** A row for each planted bug. */
export function plantedBugs(results: readonly PlantedResult[]): string {
  const rows = results.map(({ name, scenario, broken }) => [
    name,
    code(scenario),
    broken.join(', ') || 'none',
  ])
  return table(['Planted bug', 'Brought to light by', 'Promises seen broken'], rows)
}

/** The answers in shares, the most frequent first. */
function told(counts: Readonly<Record<string, number>>): string {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const parts = Object.entries(counts).map(([answer, count]) => {
    const share = Math.round((100 * count) / all)
    return `${share === 0 ? 'under 1' : share}% ${answer.replaceAll('_', ' ')}`
  })
  return parts.join(', ') || 'nothing was asked'
}
