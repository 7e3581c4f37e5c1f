import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bugs } from '../../planted-bugs/bugs.ts'
import { scenarios } from '../../scenarios/all.ts'
import { totalsOf } from '../fault-results.ts'
import { checkList, matrix } from './matrix.ts'

const page = readFileSync(join(import.meta.dirname, '../../../../docs/failure-matrix.md'), 'utf8')

const result = {
  scenarios: [scenarios[0]!.name],
  seconds: 9,
  commands: 1_200,
  reads: 5,
  commandOutcomes: { acknowledged: 299, outcome_unknown: 1 },
  readResults: {},
  recoveredInMs: 1_234,
  violations: [],
}

test('a row shows the results of a scenario', () => {
  const [, , row = ''] = matrix(scenarios, [result]).split('\n')
  expect(row).toContain('100% acknowledged, under 1% outcome unknown')
  expect(row).toContain('| 1.2 s')
  expect(row).toContain('| none')
  expect(totalsOf(7, [result])).toContain('Seed 7: 1 faults and 0 pairs of faults, 1,200 commands')
})

test.each(scenarios)(
  'docs/failure-matrix.md has the texts of $name (make faults LONG=1, make failure_matrix)',
  (scenario) => {
    const row = page
      .split('\n')
      .find((line) => line.endsWith(` \`${scenario.name}\` |`) || line.includes(`| \`${scenario.name}\` `))
    const cells = row?.split(' | ').map((cell) => cell.replaceAll(/^\| |\|$/g, '').trim()) ?? []
    expect([cells[0], cells[1], cells[4]]).toEqual([scenario.fails, scenario.when, scenario.recovers])
  },
)

test.each(bugs)('docs/failure-matrix.md has the planted bug "$name", caught (make planted_bugs)', (bug) => {
  const row = page.split('\n').find((line) => line.startsWith(`| ${bug.name} `))
  const [, , scenario, violated] = row?.split('|').map((cell) => cell.trim()) ?? []
  expect(scenario).toBe(`\`${bug.scenario}\``)
  expect(violated?.split(', ')).toContain(bug.caughtBy)
})

test('docs/failure-matrix.md lists the checks', () => {
  expect(page).toContain(checkList())
})
