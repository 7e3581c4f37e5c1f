import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { schemathesis } from '@lockstep/local-infra/artefacts.ts'
import { freePorts } from '@lockstep/local-infra/ports.ts'
import { startService } from '@lockstep/local-infra/servers/service.ts'
import { throwAwayDir } from '@lockstep/local-infra/throw-away-dir.ts'
import { expect } from 'vitest'
import { test } from './stack-test.ts'

const config = join(import.meta.dirname, '../schemathesis.toml')

/** Runs schemathesis against a service's own OpenAPI document; gives how many cases it sent. */
async function conforms(url: string, casesPerOperation: number): Promise<number> {
  const { command, env } = await schemathesis()
  const [program = '', ...first] = command
  const run = ['run', `${url}/openapi.json`, '--phases', 'examples,coverage,fuzzing', '--seed', '1']
  const { stdout } = await promisify(execFile)(
    program,
    [...first, '--config-file', config, '--no-color', ...run, '-n', String(casesPerOperation)],
    { env: { ...process.env, ...env }, maxBuffer: 2 ** 26 },
  ).catch((error: { stdout: string; stderr: string }) => {
    throw new Error(`schemathesis found faults:\n${error.stdout}${error.stderr}`)
  })
  return Number(/(\d+) generated/.exec(stdout)?.[1])
}

test('the writer keeps to its OpenAPI document in 2,000 cases', { timeout: 600_000 }, async ({ stack }) => {
  expect(await conforms(stack.writers[0].http.url, 550)).toBeGreaterThanOrEqual(2_000)
})

test('the reader keeps to its OpenAPI document in 2,000 cases', { timeout: 600_000 }, async ({ stack }) => {
  await using folder = await throwAwayDir()
  const [http = 0, grpc = 0, admin = 0] = await freePorts(3)
  // Versions that nobody has are asked for: this reader does not wait for them.
  const env = { ...stack.env, READER_MIN_VERSION_WAIT_MS: '0' }
  await using _reader = await startService({
    name: 'reader-2',
    dir: folder.dir,
    env,
    ports: { http, grpc, admin },
  })
  expect(await conforms(`http://127.0.0.1:${http}`, 1_050)).toBeGreaterThanOrEqual(2_000)
})
