import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { newRecording } from '../evidence/history.ts'
import { show } from '../checkers/violation.ts'
import { keepLogs } from '../system/keep-logs.ts'
import type { Stack } from '../system/stack.ts'
import type { Result, Run } from './run-scenario.ts'
import { timelineOf } from './timeline.ts'

/** Where results, and the files of a failure, are stored. */
export const resultsFolder = join(import.meta.dirname, '../../../.local/faults')

export const resultsFile = process.env.FAULTS_RESULTS ?? join(resultsFolder, 'results.json')

export function line(result: Result): string {
  const { scenarios, seconds, commands, reads, recoveredInMs, violations, commandOutcomes } = result
  const verdict = violations.length === 0 ? 'ok    ' : 'FAILED'
  const recovered =
    recoveredInMs === undefined ? 'no recovery' : `recovered in ${(recoveredInMs / 1_000).toFixed(1)} s`
  const counts = `${commands} commands, ${reads} reads, ${recovered}, ${seconds} s in total`
  return `${verdict}  ${scenarios.join(' + ')}: ${counts}; commands during the fault: ${listed(commandOutcomes)}`
}

function listed(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([name, count]) => `${count} ${name}`)
  return parts.length === 0 ? 'none' : parts.join(', ')
}

/** The totals of a run, in a sentence. */
export function totalsOf(seed: number, results: readonly Result[]): string {
  const sum = (of: (result: Result) => number) => results.reduce((total, result) => total + of(result), 0)
  const commands = sum((result) => result.commands).toLocaleString('en')
  const reads = sum((result) => result.reads).toLocaleString('en')
  const violations = sum((result) => result.violations.length)
  const pairs = results.filter(({ scenarios }) => scenarios.length > 1).length
  return `Seed ${seed}: ${results.length - pairs} faults and ${pairs} pairs of faults, ${commands} commands, ${reads} reads, ${violations} violations.`
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

/** Prints the violations and the timeline of the first aggregate that has one, and stores the rest. */
export function showFailure(stack: Stack, { result, history, timeline }: Run, repeatCommand: string): void {
  const { violations, scenarios } = result
  for (const each of violations.slice(0, SHOWN)) console.error(`  ${show(each)}`)
  if (violations.length > SHOWN) console.error(`  and ${violations.length - SHOWN} more`)

  const ids = [...new Set(violations.flatMap(({ id }) => id ?? []))]
  const folder = keepLogs(stack, resultsFolder, scenarios.join(' '))
  const write = (name: string, lines: readonly string[]) =>
    writeFileSync(join(folder, name), `${lines.join('\n')}\n`)
  for (const id of ids) write(`${id}.txt`, timelineOf(id, history, timeline))
  write('violations.txt', violations.map(show))
  write('timeline.txt', timelineOf('', newRecording(), timeline))

  const [first] = ids
  const lines = timelineOf(first ?? '', history, timeline)
  console.error(`--- ${first === undefined ? 'the timeline' : `the timeline of ${first}`}`)
  console.error(lines.slice(-LINES).join('\n'))
  console.error(`to repeat it: ${repeatCommand}`)
}
