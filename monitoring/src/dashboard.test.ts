import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { dashboardFile } from './dashboard.ts'

test('the checked-in dashboard matches the code (run pnpm generate to update it)', () => {
  expect(readFileSync(dashboardFile.path, 'utf8')).toBe(dashboardFile.text)
})
