import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { processesBelow } from '@lockstep/local-infra/processes.ts'

test('servers and data are removed when the process that started them is killed with -9', async () => {
  const program = `
    import { throwAwayDir } from './throw-away-dir.ts'
    import { startServers } from './start-servers.ts'
    const { dir } = await throwAwayDir()
    await startServers({ dir, only: ['redis', 'postgres'] })
    console.log(dir)
    process.kill(process.pid, 'SIGKILL')
  `
  const run = promisify(execFile)(process.execPath, ['--input-type=module-typescript', '-e', program], {
    cwd: import.meta.dirname,
  })
  const { stdout, signal } = await run.then(
    () => expect.unreachable('it kills itself'),
    (error: { stdout: string; signal: string }) => error,
  )
  expect(signal).toBe('SIGKILL')
  const dir = stdout.trim()
  for (const limit = Date.now() + 60_000; existsSync(dir); await sleep(20)) {
    if (Date.now() > limit) expect.unreachable(`${dir} is still there`)
  }
  expect(processesBelow(dir)).toEqual([])
})
