import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scenarios } from '../scenarios/all.ts'
import { bugs } from './bugs.ts'
import { withChange } from './plant.ts'

const root = join(import.meta.dirname, '../../..')

test.each(bugs)('the services have a place for the planted bug "$name"', ({ changes, scenario }) => {
  for (const change of changes) {
    const source = readFileSync(join(root, change.file), 'utf8')
    expect(withChange(source, change)).not.toBe(source)
  }
  expect(scenarios.map(({ name }) => name)).toContain(scenario)
})

test('a place that does not exist, or exists twice, is refused', () => {
  const change = { file: 'f', find: 'x', instead: 'y' }
  expect(withChange('axb', change)).toBe('ayb')
  expect(() => withChange('ab', change)).toThrow('found 0 times')
  expect(() => withChange('axbx', change)).toThrow('found 2 times')
})
