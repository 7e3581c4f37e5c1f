import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { dashboardFile } from './dashboard.ts'

test('the dashboard that is checked in is the one the code makes (pnpm generate)', () => {
  expect(readFileSync(dashboardFile.path, 'utf8')).toBe(dashboardFile.text)
})
