import { loadavg } from 'node:os'
import { cases } from './cases/all.ts'
import type { Bench, Case } from './case.ts'
import { cpuMeter } from './measure/cpu-meter.ts'
import { referenceDatabase } from './reference/reference-database.ts'
import { printCase } from './report/print-case.ts'
import { keepResult, type StoredCase } from './report/results.ts'
import { startBenchStack } from './stack/bench-stack.ts'
import { watchPipeline } from './stack/pipeline.ts'

export type BenchOptions = { rounds: number; seconds: number }

/** ONLY=create,get chooses cases; ROUNDS and SECONDS make them longer or shorter. */
export function optionsOf({ ONLY = '', ROUNDS = '3', SECONDS = '4' }: NodeJS.ProcessEnv) {
  return {
    chosen: chosenCases(ONLY),
    rounds: positive('ROUNDS', ROUNDS),
    seconds: positive('SECONDS', SECONDS),
  }
}

function chosenCases(only: string): readonly Case[] {
  const names = only.split(',').filter((name) => name !== '')
  const unknown = names.filter((name) => !cases.some((each) => each.name === name))
  if (unknown.length > 0) {
    const known = cases.map(({ name }) => name).join(', ')
    throw new Error(`There is no case ${unknown.join(', ')}; the cases are ${known}.`)
  }
  return cases.filter(({ name }) => names.length === 0 || names.includes(name))
}

function positive(name: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new Error(`${name} must be a whole number above 0, not ${JSON.stringify(text)}.`)
}

/** Everything that a case needs, on a separate stack with these settings of the services. */
export async function openBench(
  options: BenchOptions,
  env: Record<string, string> = {},
): Promise<Bench & AsyncDisposable> {
  await using scope = new AsyncDisposableStack()
  const stack = scope.use(await startBenchStack(env))
  const pipeline = scope.use(await watchPipeline(stack.settings))
  let reference: Promise<string> | undefined
  const kept = scope.move()
  return {
    ...options,
    stack,
    pipeline,
    meter: cpuMeter(stack.settings.LOCAL_DIR),
    reference: () => (reference ??= referenceDatabase(stack.settings.POSTGRES_URL)),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** Runs the cases, prints each result, and stores it for the report. A case that fails does not stop the others. */
export async function runCases(bench: Bench, chosen: readonly Case[]): Promise<number> {
  let failed = 0
  for (const { name, title, run } of chosen) {
    console.log(`\n${name}: ${title}`)
    const began = performance.now()
    const [load = 0] = loadavg()
    try {
      const result = await run(bench)
      const { rounds, seconds } = bench
      const tookSeconds = (performance.now() - began) / 1_000
      const at = new Date().toISOString()
      const stored: StoredCase = { name, title, at, load, rounds, seconds, tookSeconds, ...result }
      await keepResult(stored)
      printCase(stored)
    } catch (error) {
      failed++
      console.error(`${name} failed: ${(error as Error).stack}`)
    }
  }
  return failed
}
