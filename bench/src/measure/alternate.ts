import { percentile } from '@lockstep/e2e/demo/percentile.ts'
import { type CpuMeter, type CpuTimes, spent } from './cpu-meter.ts'

/** What one round of one side did. */
export type Work = {
  count: number
  /** How long the callers were served, without the time until everything was processed. */
  seconds: number
  p50Ms?: number
  p99Ms?: number
  /** Until the last of it was projected, from the start. */
  wholeSeconds?: number
}

export type Sample = Work & { cpu: CpuTimes }

export type Side = { name: string; measure: () => Promise<Work | Sample> }

export type Rounds = { name: string; samples: Sample[] }

export async function metered(meter: CpuMeter, work: () => Promise<Work | Sample>): Promise<Sample> {
  const before = meter.read()
  const done = await work()
  return { cpu: spent(before, meter.read()), ...done }
}

/**
 * Measures the sides in turn, A B A B A B: what else the machine does affects both alike, so only the ratios of
 * neighbours are compared. Each side is first run once without being counted.
 */
export async function alternate(meter: CpuMeter, rounds: number, sides: readonly Side[]): Promise<Rounds[]> {
  const all: Rounds[] = sides.map(({ name }) => ({ name, samples: [] }))
  for (let round = -1; round < rounds; round++) {
    for (const [index, side] of sides.entries()) {
      const sample = await metered(meter, side.measure)
      if (round >= 0) all[index]!.samples.push(sample)
    }
  }
  return all
}

export const rate = ({ count, seconds }: Sample): number => count / seconds

export const wholeRate = ({ count, seconds, wholeSeconds = seconds }: Sample): number => count / wholeSeconds

/** The ratio of each round to the reference's round beside it. */
export function paired(
  measured: Rounds,
  reference: Rounds,
  of: (sample: Sample) => number,
  ofReference = of,
): number[] {
  return measured.samples.map((sample, index) => of(sample) / ofReference(reference.samples[index]!))
}

export const median = (values: readonly number[]): number => percentile(values, 0.5)
