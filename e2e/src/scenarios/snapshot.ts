import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { lockstepOf, startLockstep } from '../clients/lockstep.ts'
import { product } from '../subjects/product.ts'
import { killed, lasting, surely } from './injections.ts'
import { backToFirstGeneration, operated } from './rebuild.ts'
import type { Injection, Scenario } from './scenario.ts'

export const snapshotScenarios: readonly Scenario[] = [
  {
    name: 'snapshot',
    fails: 'a reader, then the tool of the operators',
    when: 'kill -9 during a save and during a restore of a snapshot',
    recovers: 'nothing incomplete is used, and the save or the restore is repeated',
    alone: true,
    inject: killedDuringSnapshots,
    afterwards: backToFirstGeneration,
  },
]

async function killedDuringSnapshots(injection: Injection): Promise<void> {
  const { stack, expect } = injection
  const file = join(stack.dir, 'product.snapshot')
  await killedDuring(injection, 'save', file)
  await operated(injection, 'snapshot', 'save', file)
  await killedDuring(injection, 'restore', file)
  const { code, err } = await surely(() => restored(injection, file))
  expect(code === 0, `the snapshot is restored: ${err}`)
}

/** Kills the reader that does the work, and then the tool that waits for it. */
async function killedDuring({ stack, random, note }: Injection, work: string, file: string): Promise<void> {
  for (const victim of [stack.reader.process, undefined]) {
    const tool = startLockstep(stack)('snapshot', work, file)
    // The tool needs some hundred milliseconds to start.
    await sleep(300 + 1_000 * random())
    if (victim) await killed({ note }, victim, lasting(500))
    else tool.kill()
    const { code } = await tool.ended
    note(`lockstep snapshot ${work} ended with ${code}`)
  }
}

/** Repeats until the restore succeeds, or its generation cannot be used. */
async function restored(injection: Injection, file: string): Promise<{ code: number; err: string }> {
  const { code, err } = await lockstepOf(injection.stack)('snapshot', 'restore', file)
  if (code === 0 || err.includes('was not used')) return { code, err }
  // The readers finished a restore whose tool was killed late.
  if (err.includes('drop the one')) {
    await operated(injection, 'rebuild', product.type, '--switch-to', '0')
    await operated(injection, 'rebuild', product.type, '--drop-old')
  }
  throw new Error(err)
}
