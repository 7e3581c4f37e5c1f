import { code, table } from '@lockstep/docs/markdown.ts'
import { checks } from '../../checkers/violation.ts'
import type { PlantedResult } from '../../planted-bugs/results.ts'
import type { Scenario } from '../../scenarios/scenario.ts'
import type { Result } from '../run-scenario.ts'

const head = [
  'What fails',
  'When',
  'Outcomes of commands',
  'Results of reads',
  'What recovers it',
  'Recovered within',
  'Violations',
  'Scenario',
]

/** A row for each scenario that a run injected alone, in the order of `scenarios`. */
export function matrix(scenarios: readonly Scenario[], results: readonly Result[]): string {
  const rows = scenarios.flatMap(({ name, fails, when, recovers }) => {
    const result = results.find((each) => each.scenarios.length === 1 && each.scenarios[0] === name)
    if (!result) return []
    const { commandOutcomes, readResults, recoveredInMs, violations } = result
    const within = recoveredInMs === undefined ? 'not at all' : `${(recoveredInMs / 1_000).toFixed(1)} s`
    const violated = [...new Set(violations.map(({ check }) => check))].join(', ') || 'none'
    return [
      [fails, when, shares(commandOutcomes), shares(readResults), recovers, within, violated, code(name)],
    ]
  })
  return table(head, rows)
}

/** The checks, a line each. */
export function checkList(): string {
  return Object.entries(checks)
    .map(([name, property]) => `- **${name}**: ${property}.`)
    .join('\n')
}

/** A row for each planted bug. */
export function plantedBugs(results: readonly PlantedResult[]): string {
  const rows = results.map(({ name, scenario, violated }) => [
    name,
    code(scenario),
    violated.join(', ') || 'none',
  ])
  return table(['Planted bug', 'Scenario', 'Violations'], rows)
}

/** The results in shares, the most frequent first. */
function shares(counts: Readonly<Record<string, number>>): string {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const parts = Object.entries(counts).map(([result, count]) => {
    const share = Math.round((100 * count) / all)
    return `${share === 0 ? 'under 1' : share}% ${result.replaceAll('_', ' ')}`
  })
  return parts.join(', ') || 'none'
}
