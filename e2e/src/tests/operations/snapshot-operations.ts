import { expect } from 'vitest'
import { lockstepOf, type Ran } from '../../clients/lockstep.ts'
import type { Stack } from '../../system/stack.ts'

/* What the tests of snapshots do with the operators' tool. */

export type ShownGeneration = { generation: number; active: boolean; phase: string; copied: number }

/** Runs the tool and expects that it succeeds. */
export async function operate(stack: Stack, ...argv: string[]): Promise<Ran> {
  const result = await lockstepOf(stack)(...argv)
  expect(result, `${argv.join(' ')}: ${result.out}${result.err}`).toMatchObject({ code: 0 })
  return result
}

/** Without a pause between documents. Fails if the read model and the writer differ. */
export async function expectAudited(stack: Stack, readModel: string): Promise<void> {
  await operate(stack, 'audit', readModel, '--rate', '100000')
}

export async function activeGeneration(stack: Stack, readModel: string): Promise<ShownGeneration> {
  const { json } = await operate(stack, 'rebuild', readModel, '--status', '--json')
  return (json as ShownGeneration[]).find(({ active }) => active)!
}
