import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const bootstrap = join(import.meta.dirname, '../../../scripts/bootstrap')
const needed = ['sh', 'cat', 'cksum', 'id', 'ls', 'node', 'pnpm']
let bin: string

beforeAll(async () => {
  bin = await mkdtemp(join(tmpdir(), 'lockstep-bin-'))
  for (const name of needed) await symlink(whereIs(name), join(bin, name))
  // A package manager that reports when it is called, which must not happen.
  await writeFile(join(bin, 'apt-get'), '#!/bin/sh\necho CALLED\n', { mode: 0o755 })
})

afterAll(() => rm(bin, { recursive: true, force: true }))

test('if installation is not allowed, bootstrap names the missing packages and the command that installs them', () => {
  const env = { ...process.env, PATH: bin, LOCKSTEP_NO_INSTALL: '1' }
  const { status, stderr, stdout } = spawnSync(bootstrap, ['servers'], { env, encoding: 'utf8' })
  expect(stderr).toMatch(
    /Missing for the native servers: .*redis-server prometheus default-jdk-headless maven/,
  )
  expect(stderr).toContain('sudo apt-get install -y --no-install-recommends')
  expect(stdout + stderr).not.toContain('CALLED')
  expect(status).toBe(1)
})

function whereIs(name: string): string {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file)) ?? name
}
