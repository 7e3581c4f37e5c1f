import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { throwAwayDir } from '@lockstep/testkit/throw-away-dir.ts'
import { expect, test } from 'vitest'
import { override, withPreload } from './overrides.ts'

/** How far `Date.now()` and `new Date()` of a process with this name are ahead, ms. */
async function ahead(dir: string, name: string): Promise<number[]> {
  const cwd = join(dir, name)
  await mkdir(cwd)
  const script = 'console.log(JSON.stringify([Date.now(), +new Date(), +new Date(5)]))'
  const env = { ...process.env, ...withPreload(dir) }
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { cwd, env })
  const [now = 0, present = 0, given = 0] = JSON.parse(stdout) as number[]
  expect(given).toBe(5)
  return [now - Date.now(), present - Date.now()]
}

test('a process with an overridden clock has another time, and others do not', async () => {
  await using folder = await throwAwayDir()
  await override(folder, { clocks: { 'writer-2': 300_000 } })
  for (const ms of await ahead(folder.dir, 'writer-2')) expect(Math.abs(ms - 300_000)).toBeLessThan(60_000)
  for (const ms of await ahead(folder.dir, 'writer-1')) expect(Math.abs(ms)).toBeLessThan(60_000)
})
