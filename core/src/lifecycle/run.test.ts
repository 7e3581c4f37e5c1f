import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const script = fileURLToPath(new URL('./testing/service.ts', import.meta.url))

/** Runs a tiny service in a separate process; it prints its steps. */
async function runService(mode: string, signal?: NodeJS.Signals) {
  const child = spawn(process.execPath, [script, mode], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  let signalled = false
  child.stdout.on('data', (bytes: Buffer) => {
    output += bytes.toString()
    if (signal === undefined || signalled || !output.includes('running')) return
    signalled = true
    child.kill(signal)
  })
  const [code] = (await once(child, 'close')) as [number]
  const steps = output.split('\n').filter((line) => line.startsWith('step: '))
  return { code, steps: steps.map((line) => line.slice(6)), output }
}

it.each(['SIGTERM', 'SIGINT'] as const)(
  '%s: drains, stops in reverse order, exits with 0',
  async (signal) => {
    const { code, steps } = await runService('normal', signal)
    expect(steps).toEqual(['start a', 'start b', 'running', 'draining', 'stop b', 'stop a'])
    expect(code).toBe(0)
  },
)

it('a start that fails releases what was acquired and exits with 1', async () => {
  const { code, steps, output } = await runService('fails-to-start')
  expect(steps).toEqual(['start a', 'draining', 'stop a'])
  expect(code).toBe(1)
  expect(output).toContain('cannot start b')
})

it('a part that fails later ends the process with 1, in order', async () => {
  const { code, steps } = await runService('fails-later')
  expect(steps.slice(-2)).toEqual(['stop b', 'stop a'])
  expect(code).toBe(1)
})

it('an unhandled error ends the process with 1, in order', async () => {
  const { code, steps } = await runService('throws')
  expect(steps.slice(-2)).toEqual(['stop b', 'stop a'])
  expect(code).toBe(1)
})
