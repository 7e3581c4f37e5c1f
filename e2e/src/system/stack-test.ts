import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { ServerFailed } from '@lockstep/local-infra/server.ts'
import { test as plain } from 'vitest'
import { statusOf } from '../clients/grpc-client.ts'
import { eventually } from './eventually.ts'
import { keepLogs } from './keep-logs.ts'
import type { Reader, Writer } from './services.ts'
import { startStack } from './stack.ts'

/** Where the logs of all processes are stored when a test fails. */
const logsFolder = join(import.meta.dirname, '../../../.local/e2e-logs')

/** Nearly as long as the tests' clients wait: on a busy machine a late query is not a failed one. */
const patience = { READER_QUERY_TIMEOUT_MS: '4500' }

/**
 * A test with the running system. All files of a worker share it, since its start takes many seconds: a test works on
 * its own products, and the faults that it leaves are healed before the next test begins.
 */
export const test = testOn('worker')

/** For the tests of one file, which work on whole read models: they replace generations, or compare everything. */
export const testOnOwnStack = testOn('file')

function testOn(scope: 'worker' | 'file') {
  return (
    plain
      // The types accept one scope only, and both are equal to them.
      .extend('shared', { scope: scope as 'worker' }, async ({}, { onCleanup }) => {
        const stack = await startStack({ settings: () => patience }).catch((error: Error) => {
          throw error instanceof ServerFailed
            ? new Error(`${error.server}: ${error.message}\n${error.logTail.join('\n')}`)
            : error
        })
        onCleanup(() => stack[Symbol.asyncDispose]())
        return stack
      })
      .extend('stack', async ({ shared, task, onTestFailed }) => {
        await shared.heal()
        await Promise.all([...shared.writers, ...shared.readers].map(responds))
        onTestFailed(() => void keepLogs(shared, logsFolder, task.name))
        return shared
      })
  )
}

/**
 * Resolves when a call reaches the databases. After an outage the first call may fail: a gRPC channel pauses before it
 * connects again, and a broken connection may look intact.
 */
async function responds({ name, grpc }: Writer | Reader): Promise<void> {
  const id = randomUUID()
  const call = () => ('getProduct' in grpc ? grpc.getProduct({ id }) : grpc.deleteProduct({ id }))
  await eventually(
    async () => {
      const status = await statusOf(call())
      if (status !== 'NOT_FOUND') throw new Error(`${name} responds with ${status}`)
    },
    { withinMs: 60_000 },
  )
}
