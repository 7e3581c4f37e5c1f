import { join } from 'node:path'
import { ServerFailed } from '@lockstep/local-infra/server.ts'
import { test as plain } from 'vitest'
import { keepLogs } from './keep-logs.ts'
import { startStack } from './stack.ts'

/** Where the logs of all processes go when a test failed. */
const keptLogs = join(import.meta.dirname, '../../.local/e2e-logs')

/**
 * A test with the running system. All files of a run share it, since starting it takes many seconds: a test works on
 * products of its own, and whatever it broke is mended before the next one begins.
 */
export const test = plain
  .extend('shared', { scope: 'worker' }, async ({}, { onCleanup }) => {
    const stack = await startStack().catch((error: Error) => {
      throw error instanceof ServerFailed
        ? new Error(`${error.server}: ${error.message}\n${error.logTail.join('\n')}`)
        : error
    })
    onCleanup(() => stack[Symbol.asyncDispose]())
    return stack
  })
  .extend('stack', async ({ shared, task, onTestFailed }) => {
    await shared.mend()
    onTestFailed(() => void keepLogs(shared, keptLogs, task.name))
    return shared
  })
