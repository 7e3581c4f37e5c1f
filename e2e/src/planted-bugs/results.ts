import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Letter } from '../checkers/violation.ts'
import { keptIn } from '../runner/report.ts'

/** The promises that a planted bug was seen to break. */
export type PlantedResult = { name: string; scenario: string; broken: readonly Letter[] }

const file = join(keptIn, 'planted-bugs.json')

export function keepPlanted(results: readonly PlantedResult[]): void {
  mkdirSync(keptIn, { recursive: true })
  writeFileSync(file, JSON.stringify(results, undefined, 2))
}

/** Of the last `make planted_bugs`. Throws when there was none. */
export function plantedResults(): PlantedResult[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as PlantedResult[]
  } catch (cause) {
    throw new Error('there are no results of planted bugs yet: run make planted_bugs first', { cause })
  }
}
