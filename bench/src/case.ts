import type { Rounds } from './measure/alternate.ts'
import type { CpuMeter } from './measure/cpu-meter.ts'
import type { BenchStack } from './stack/bench-stack.ts'
import type { Pipeline } from './stack/pipeline.ts'

/** What a case gets. */
export type Bench = {
  stack: BenchStack
  meter: CpuMeter
  pipeline: Pipeline
  rounds: number
  /** Length of one round. */
  seconds: number
  /** The URL of a migrated and filled database on the same Postgres, for the references. */
  reference: () => Promise<string>
}

export type Figure = {
  /** What is measured, with its reference: `POST / pgbench`. */
  what: string
  unit: '×' | 'ms' | 's' | 'MB' | 'rows'
  samples: number[]
  aim?: { atLeast: number } | { atMost: number }
}

export type CaseResult = {
  figures: Figure[]
  /** The rounds behind them, with rates, latency and CPU time; `per` names what is counted. */
  sides: { per: string; rounds: Rounds }[]
}

export type Case = {
  /** For ONLY=... */
  name: string
  title: string
  run: (bench: Bench) => Promise<CaseResult>
}
