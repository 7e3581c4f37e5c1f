import { median } from '../measure/alternate.ts'
import type { Errors } from './mixed-traffic.ts'

export type MemorySample = { atMinute: number; writer: number; reader: number }

export type Soak = {
  minutes: number
  perSecond: number
  requests: number
  errors: Errors
  /** The events that were not projected one minute after the load ended. */
  lag: number
  memory: readonly MemorySample[]
}

export type Finding = { what: string; value: string; ok: boolean }

const MOST_GROWTH = 0.05
/** The heap reaches its size and the bounded maps fill in the first minutes. */
const SETTLE_MINUTES = 10

/** A short soak uses its first third to settle. */
export const settleMinutes = (minutes: number): number => Math.min(SETTLE_MINUTES, minutes / 3)

export const errorCount = (errors: Errors): number =>
  [...errors.values()].reduce((sum, { count }) => sum + count, 0)

export function judgeSoak({ minutes, requests, errors, lag, memory }: Soak): Finding[] {
  const count = errorCount(errors)
  return [
    ...(['writer', 'reader'] as const).map((service) => memoryFinding(service, minutes, memory)),
    { what: 'events that are not projected at the end', value: String(lag), ok: lag === 0 },
    { what: `errors among ${requests} requests`, value: String(count), ok: count === 0 },
  ]
}

/** Compares the median of the last part with that of the first part after the settling. */
function memoryFinding(
  service: 'writer' | 'reader',
  minutes: number,
  memory: readonly MemorySample[],
): Finding {
  const settled = settleMinutes(minutes)
  const part = (minutes - settled) / 4
  const within = (from: number, to: number) =>
    median(
      memory.filter(({ atMinute }) => atMinute >= from && atMinute <= to).map((sample) => sample[service]),
    )
  const [before, after] = [within(settled, settled + part), within(minutes - part, minutes)]
  const growth = after / before - 1
  const value = `${before.toFixed(0)} MB to ${after.toFixed(0)} MB (${(growth * 100).toFixed(1)} %)`
  return { what: `memory of the ${service}`, value, ok: growth < MOST_GROWTH }
}
