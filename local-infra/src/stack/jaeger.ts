import { execFileSync, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { jaegerBinary } from '../artefacts.ts'
import { processesBelow, stopBelow } from '../processes.ts'
import type { Part } from './stack-processes.ts'

export type JaegerState = 'running' | 'building' | 'absent'

/**
 * Starts Jaeger if it is built. Otherwise builds it in the background, after which it starts by itself. A failure does
 * not stop the other parts: without Jaeger, only the traces are missing.
 */
export async function ensureJaeger(
  part: Part,
  scope: AsyncDisposableStack,
  say: (line: string) => void,
): Promise<JaegerState> {
  if (!jaegerBinary()) return build(`${part.home}-build`, scope)
  const wasRunning = processesBelow(part.home).length > 0
  try {
    const began = performance.now()
    const server = await part.start()
    if (wasRunning) return 'running'
    scope.use(server)
    say(`jaeger      ready in ${((performance.now() - began) / 1000).toFixed(1)} s`)
    return 'running'
  } catch (error) {
    say(`jaeger      not started: ${(error as Error).message}`)
    return 'absent'
  }
}

function build(dir: string, scope: AsyncDisposableStack): JaegerState {
  if (!hasGo()) return 'absent'
  if (processesBelow(dir).length > 0) return 'building'
  mkdirSync(dir, { recursive: true })
  const log = openSync(join(dir, 'build.log'), 'a')
  const script = join(import.meta.dirname, '../cli/build-jaeger.ts')
  spawn(process.execPath, [script], { cwd: dir, detached: true, stdio: ['ignore', log, log] }).unref()
  closeSync(log)
  scope.defer(() => stopBelow(dir, 'SIGTERM', 10_000))
  return 'building'
}

function hasGo(): boolean {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
