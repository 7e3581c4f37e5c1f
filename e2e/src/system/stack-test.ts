import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { ServerFailed } from '@lockstep/local-infra/server.ts'
import { test as plain } from 'vitest'
import { statusOf } from '../clients/grpc-client.ts'
import { eventually } from './eventually.ts'
import { keepLogs } from './keep-logs.ts'
import type { Reader, Writer } from './services.ts'
import { startStack } from './stack.ts'

/** Where the logs of all processes go when a test failed. */
const keptLogs = join(import.meta.dirname, '../../../.local/e2e-logs')

/** Nearly as long as the tests' clients wait: a query that is late on a busy machine is not a failed one. */
const patience = { READER_QUERY_TIMEOUT_MS: '4500' }

/**
 * A test with the running system. All files of a run share it, since starting it takes many seconds: a test works on
 * products of its own, and whatever it broke is mended before the next one begins.
 */
export const test = plain
  .extend('shared', { scope: 'worker' }, async ({}, { onCleanup }) => {
    const stack = await startStack({ settings: () => patience }).catch((error: Error) => {
      throw error instanceof ServerFailed
        ? new Error(`${error.server}: ${error.message}\n${error.logTail.join('\n')}`)
        : error
    })
    onCleanup(() => stack[Symbol.asyncDispose]())
    return stack
  })
  .extend('stack', async ({ shared, task, onTestFailed }) => {
    await shared.mend()
    await Promise.all([...shared.writers, ...shared.readers].map(answers))
    onTestFailed(() => void keepLogs(shared, keptLogs, task.name))
    return shared
  })

/**
 * Resolves when a call gets through to the databases. After an outage the first may be refused: a channel that found
 * nobody pauses before it tries again, and a connection that was cut may look whole.
 */
async function answers({ name, grpc }: Writer | Reader): Promise<void> {
  const id = randomUUID()
  const call = () => ('getProduct' in grpc ? grpc.getProduct({ id }) : grpc.deleteProduct({ id }))
  await eventually(
    async () => {
      const found = await statusOf(call())
      if (found !== 'NOT_FOUND') throw new Error(`${name} answers ${found}`)
    },
    { withinMs: 60_000 },
  )
}
