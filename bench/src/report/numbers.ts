import { median, rate, type Sample } from '../measure/alternate.ts'
import { roles, type Role } from '../measure/cpu-meter.ts'
import type { Figure } from '../case.ts'

/** Numbers as the report and the console show them. */

const digits: Record<Figure['unit'], number> = { '×': 2, ms: 1, s: 1, MB: 0, rows: 0 }

export function valueText({ unit }: Figure, value: number): string {
  const text = value.toFixed(digits[unit])
  return unit === '×' ? text : `${text} ${unit}`
}

/** The lowest and the highest round. */
export function spreadText(figure: Figure): string {
  const { samples } = figure
  if (samples.length < 2) return ''
  return `${valueText(figure, Math.min(...samples))} to ${valueText(figure, Math.max(...samples))}`
}

export function aimText(figure: Figure): string {
  const { aim } = figure
  if (!aim) return ''
  return 'atLeast' in aim ? `≥ ${valueText(figure, aim.atLeast)}` : `≤ ${valueText(figure, aim.atMost)}`
}

export function reachesAim({ samples, aim }: Figure): boolean | undefined {
  if (!aim) return undefined
  const value = median(samples)
  return 'atLeast' in aim ? value >= aim.atLeast : value <= aim.atMost
}

export const rateText = (samples: readonly Sample[]): string => median(samples.map(rate)).toFixed(0)

export function latencyText(samples: readonly Sample[], of: 'p50Ms' | 'p99Ms'): string {
  const values = samples.flatMap((sample) => sample[of] ?? [])
  return values.length > 0 ? median(values).toFixed(1) : ''
}

/** µs of CPU time of the process for each thing that was counted. */
export function cpuPerOperation(samples: readonly Sample[], role: Role): number {
  return median(samples.map(({ cpu, count }) => (cpu[role] * 1e6) / count))
}

/** How many cores the process used while the load ran and was processed. */
export function coresUsed(samples: readonly Sample[], role: Role): number {
  return median(samples.map(({ cpu, seconds, wholeSeconds = seconds }) => cpu[role] / wholeSeconds))
}

/** The process that used the most CPU time, without the generator. */
export function busiest(samples: readonly Sample[]): Role {
  return roles
    .filter((role) => role !== 'generator')
    .reduce((most, role) => (coresUsed(samples, role) > coresUsed(samples, most) ? role : most))
}
