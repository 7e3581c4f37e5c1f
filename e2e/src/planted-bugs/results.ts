import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Check } from '../checkers/violation.ts'
import { resultsFolder } from '../runner/fault-results.ts'

/** The checks that reported a violation with this bug. */
export type PlantedResult = { name: string; scenario: string; violated: readonly Check[] }

const file = join(resultsFolder, 'planted-bugs.json')

export function keepPlanted(results: readonly PlantedResult[]): void {
  mkdirSync(resultsFolder, { recursive: true })
  writeFileSync(file, JSON.stringify(results, undefined, 2))
}

/** Of the last `make planted_bugs`. Throws when there was none. */
export function plantedResults(): PlantedResult[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as PlantedResult[]
  } catch (cause) {
    throw new Error('There are no results of planted bugs yet: run make planted_bugs first.', { cause })
  }
}
