import { readFileSync } from 'node:fs'
import { fillIn } from '@lockstep/docs/markdown.ts'
import { expect, test } from 'vitest'
import { roles, type CpuTimes } from '../measure/cpu-meter.ts'
import { plots, resultTables } from './render-report.ts'
import type { Results } from './results.ts'

const cpu = { ...Object.fromEntries(roles.map((role) => [role, 0])), writer: 2, postgres: 1 } as CpuTimes
const samples = [1, 2, 4].map((seconds) => ({ count: 1_000, seconds, p50Ms: seconds, cpu }))

const results: Results = {
  machine: '2 × a processor',
  cases: {
    create: {
      name: 'create',
      title: '',
      at: '2026-01-02T03:04:05Z',
      load: 0,
      rounds: 3,
      seconds: 6,
      tookSeconds: 60,
      figures: [{ what: 'POST / pgbench', unit: '×', samples: [0.5, 0.9, 0.7], aim: { atLeast: 0.8 } }],
      sides: [{ per: 'command', rounds: { name: 'POST', samples } }],
    },
  },
}

const cells = (text: string | undefined) =>
  text?.split('\n').map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )

test('a figure has its median, its spread, and whether it reaches its aim', () => {
  const { figures } = resultTables(results)
  expect(cells(figures)?.at(-1)).toEqual(['POST / pgbench', '0.70', '0.50 to 0.90', '≥ 0.80', 'no'])
})

test('the CPU time of a process is divided by what was counted', () => {
  const { cpu: table, capacity, rounds } = resultTables(results)
  expect(cells(table)?.at(-1)?.slice(0, 4)).toEqual(['POST', 'command', '2000', '1000'])
  expect(cells(capacity)?.[2]).toEqual(['writer', '2000', '500', '1.00'])
  expect(cells(rounds)?.at(-1)).toEqual(['POST', '500', '2.0', '', 'writer (1.00)', '0.00'])
})

test('docs/performance.md has a place for every table, and shows every plot', () => {
  const page = readFileSync(new URL('../../../docs/performance.md', import.meta.url), 'utf8')
  expect(fillIn(page, resultTables(results))).toContain('0.50 to 0.90')
  for (const [name, svg] of Object.entries(plots(results))) {
    expect(page).toContain(`(performance/${name})`)
    expect(svg).toContain('POST')
  }
})
