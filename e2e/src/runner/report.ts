import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { story } from './timeline.ts'
import { show } from '../checkers/violation.ts'
import { keepLogs } from '../system/keep-logs.ts'
import type { Stack } from '../system/stack.ts'
import type { Result, Run } from './run-scenario.ts'

/** Where results, and what belongs to a failure, are kept. */
export const keptIn = join(import.meta.dirname, '../../../.local/faults')

export const resultsFile = process.env.FAULTS_RESULTS ?? join(keptIn, 'results.json')

export function line({
  scenarios,
  seconds,
  commands,
  reads,
  recoveredInMs,
  violations,
  ...told
}: Result): string {
  const verdict = violations.length === 0 ? 'ok    ' : 'FAILED'
  const recovered =
    recoveredInMs === undefined ? 'no recovery' : `recovered in ${(recoveredInMs / 1_000).toFixed(1)} s`
  const counts = `${commands} commands, ${reads} reads, ${recovered}, ${seconds} s in all`
  return `${verdict}  ${scenarios.join(' + ')}: ${counts}; meanwhile ${counted(told.toldCommands)}`
}

export function counted(told: Readonly<Record<string, number>>): string {
  const parts = Object.entries(told).map(([name, count]) => `${count} ${name}`)
  return parts.length === 0 ? 'nothing' : parts.join(', ')
}

/** The sum of a run, in a sentence. */
export function sumOf(seed: number, results: readonly Result[]): string {
  const sum = (of: (result: Result) => number) => results.reduce((total, result) => total + of(result), 0)
  const commands = sum((result) => result.commands).toLocaleString('en')
  const reads = sum((result) => result.reads).toLocaleString('en')
  const broken = sum(({ violations }) => violations.length)
  const pairs = results.filter(({ scenarios }) => scenarios.length > 1).length
  return `Seed ${seed}: ${results.length - pairs} faults and ${pairs} pairs of them, ${commands} commands, ${reads} reads, ${broken} broken promises.`
}

const SHOWN = 20
const LINES = 80

export function keepResults(seed: number, results: readonly Result[]): { passed: number; failed: number } {
  const failed = results.filter(({ violations }) => violations.length > 0).length
  const totals = { passed: results.length - failed, failed }
  mkdirSync(dirname(resultsFile), { recursive: true })
  writeFileSync(resultsFile, JSON.stringify({ ...totals, seed, results }, undefined, 2))
  return totals
}

/** The violations, the story of the first product at fault, and where the rest is. */
export function showFailure(stack: Stack, { result, history, timeline }: Run, again: string): void {
  const { violations, scenarios } = result
  for (const each of violations.slice(0, SHOWN)) console.error(`  ${show(each)}`)
  if (violations.length > SHOWN) console.error(`  and ${violations.length - SHOWN} more`)

  const products = [...new Set(violations.flatMap(({ id }) => id ?? []))]
  const folder = keepLogs(stack, keptIn, scenarios.join(' '))
  mkdirSync(folder, { recursive: true })
  for (const id of products)
    writeFileSync(join(folder, `${id}.txt`), `${story(id, history, timeline).join('\n')}\n`)
  writeFileSync(join(folder, 'violations.txt'), `${violations.map(show).join('\n')}\n`)
  writeFileSync(
    join(folder, 'timeline.txt'),
    `${story('', { commands: [], reads: [] }, timeline).join('\n')}\n`,
  )

  const [first] = products
  const lines = story(first ?? '', history, timeline)
  console.error(`--- ${first === undefined ? 'the timeline' : `product ${first} beside the timeline`}`)
  console.error(lines.slice(-LINES).join('\n'))
  console.error(`again: ${again}`)
}
