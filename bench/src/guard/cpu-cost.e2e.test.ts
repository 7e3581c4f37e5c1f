import { join } from 'node:path'
import { test } from '@lockstep/e2e/system/stack-test.ts'
import type { Stack } from '@lockstep/e2e/system/stack.ts'
import { expect } from 'vitest'
import { limits } from './limits.ts'
import { measureCost } from './measure-cost.ts'

/**
 * Rates depend on the machine and on what else it does; CPU time per operation, against a loop, depends on them much
 * less. It is skipped on a machine that is busy with other programs. PLANTED_LOSS=1 runs services that use half as much CPU time again: the test must then fail.
 */
test('a command and the projection of its event use no more CPU time than their limits', async ({
  stack,
  skip,
}) => {
  await using slower = process.env.PLANTED_LOSS === '1' ? await replaceServices(stack) : undefined
  const cost = await measureCost(stack, slower?.writer ?? stack.writers[0])
  if (!cost) return skip('other programs use the cores of this machine')
  console.log('iterations of the reference loop:', cost)
  expect.soft(cost.command).toBeLessThan(limits.command)
  expect.soft(cost.event).toBeLessThan(limits.event)
})

/** The slower services do all the work, also that of the relay leader. */
async function replaceServices(stack: Stack) {
  await using scope = new AsyncDisposableStack()
  await Promise.all([...stack.writers, ...stack.readers].map(({ process }) => process.stop()))
  const slower = { NODE_OPTIONS: `--import=${join(import.meta.dirname, 'planted-loss.ts')}` }
  const writer = scope.use(await stack.startWriter(slower))
  scope.use(await stack.startReader(slower))
  const kept = scope.move()
  return { writer, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}
