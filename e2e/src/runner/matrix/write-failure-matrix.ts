import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fillIn } from '@lockstep/docs/markdown.ts'
import { plantedResults } from '../../planted-bugs/results.ts'
import { resultsFile, totalsOf } from '../fault-results.ts'
import type { Result } from '../run-scenario.ts'
import { scenarios } from '../../scenarios/all.ts'
import { checkList, matrix, plantedBugs } from './matrix.ts'

/** `make failure_matrix`: writes docs/failure-matrix.md from the last `make faults` and `make planted_bugs`. */
const page = join(import.meta.dirname, '../../../../docs/failure-matrix.md')
const { seed, results } = JSON.parse(readFileSync(resultsFile, 'utf8')) as { seed: number; results: Result[] }
const parts = {
  checks: checkList(),
  matrix: matrix(scenarios, results),
  run: totalsOf(seed, results),
  planted: plantedBugs(plantedResults()),
}
writeFileSync(page, fillIn(readFileSync(page, 'utf8'), parts))
