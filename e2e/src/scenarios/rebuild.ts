import { setTimeout as sleep } from 'node:timers/promises'
import { lockstepOf } from '../clients/lockstep.ts'
import { killed, surely } from './injections.ts'
import type { Scenario, World } from './scenario.ts'
import { SPOILED_FOR_MS, spoilings } from './network.ts'

const recovers = 'a replica goes on with the rebuild; the old model was fed all the time'

export const rebuildScenarios: readonly Scenario[] = [
  {
    name: 'rebuild',
    fails: 'each reader in turn',
    when: 'kill -9 while the read model is made anew; then queries are switched back',
    recovers,
    short: true,
    async inject(world) {
      const rebuilt = operated(world, 'rebuild')
      for (const { process } of world.stack.readers) await killed(world, process, 2_000)
      await rebuilt
      await sleep(3_000)
    },
    afterwards: backToFirstModel,
  },
  ...Object.entries(spoilings).map(([kind, { what, spoil }]): Scenario => ({
    name: `reader-writer-${kind}`,
    fails: 'connections between the readers and the writer that gives them its states',
    when: `they ${what}, while the read model is made anew and audited`,
    recovers,
    async inject(world) {
      const work = [operated(world, 'rebuild'), operated(world, 'audit', ...fast)]
      await spoil(world.stack.proxies.readersWriter, async () => {
        await filling(world)
        await sleep(SPOILED_FOR_MS)
      })
      world.note('the network is well')
      await Promise.all(work)
    },
    afterwards: backToFirstModel,
  })),
]

const fast = ['--rate', '100000']

/** Runs the operators' tool until it has done what it was asked for. */
function operated({ stack, note }: World, ...argv: string[]): Promise<Record<string, unknown>[]> {
  note(`lockstep ${argv.join(' ')}`)
  return surely(async () => {
    const { code, err, json } = await lockstepOf(stack)(...argv, '--json')
    if (code !== 0) throw new Error(err)
    return json
  })
}

/** Resolves when the writer's states are asked for, or were. */
function filling(world: World): Promise<void> {
  return surely(async () => {
    const [, another] = await operated(world, 'rebuild', '--status')
    if (!another || another.phase === 'pinning') throw new Error('the rebuild has not come so far')
  })
}

/**
 * Follows the rebuild to its end and audits the new model, then has queries see the first model again for a while, and
 * drops the other one.
 */
async function backToFirstModel(world: World): Promise<void> {
  const newest = async () => {
    const [, another] = await operated(world, 'rebuild', '--status')
    return another
  }
  for (let model; (model = await newest());) {
    if (['pinning', 'filling', 'filled'].includes(String(model.phase))) {
      await operated(world, 'rebuild')
      await sleep(3_000)
    } else if (model.active) {
      await operated(world, 'audit', ...fast)
      await operated(world, 'rebuild', '--switch-to', '0')
      await sleep(3_000)
    } else {
      await operated(world, 'rebuild', '--drop-old')
    }
  }
}
