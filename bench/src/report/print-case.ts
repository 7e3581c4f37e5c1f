import { median } from '../measure/alternate.ts'
import { roles } from '../measure/cpu-meter.ts'
import {
  aimText,
  cpuPerOperation,
  latencyText,
  rateText,
  reachesAim,
  spreadText,
  valueText,
} from './numbers.ts'
import type { StoredCase } from './results.ts'

/** Prints the figures of a case, then the rounds behind them. */
export function printCase({ figures, sides, load, tookSeconds }: StoredCase): void {
  for (const figure of figures) {
    const spread = spreadText(figure)
    const reached = reachesAim(figure)
    const aim =
      reached === undefined ? '' : `, aim ${aimText(figure)}: ${reached ? 'reached' : 'NOT REACHED'}`
    const value = valueText(figure, median(figure.samples))
    console.log(`  ${value.padStart(8)}  ${figure.what}${spread ? ` (${spread})` : ''}${aim}`)
  }
  for (const { per, rounds } of sides) {
    const { name, samples } = rounds
    const used = roles.map((role) => [role, cpuPerOperation(samples, role)] as const)
    const cpu = used
      .filter(([, micros]) => micros >= 1)
      .map(([role, micros]) => `${role} ${micros.toFixed(0)}`)
    const p50 = latencyText(samples, 'p50Ms')
    console.log(
      `            ${name}: ${rateText(samples)}/s${p50 ? `, median ${p50} ms` : ''}; CPU µs per ${per}: ${cpu.join(', ')}`,
    )
  }
  console.log(`            ${tookSeconds.toFixed(0)} s; load average before: ${load.toFixed(1)}`)
}
