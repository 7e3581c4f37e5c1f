import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../system/eventually.ts'
import type { Service } from '../system/services.ts'
import { surely } from './injections.ts'
import { setClocks } from '../system/preload/overrides.ts'
import type { Scenario, World } from './scenario.ts'
import { startTraffic } from '../runner/traffic.ts'

export const systemScenarios: readonly Scenario[] = [
  {
    name: 'writers-terminated',
    fails: 'each writer in turn',
    when: 'SIGTERM under load',
    recovers: 'the other writer serves; the relay moves to it',
    short: true,
    inject: (world) => terminated(world, world.stack.writers),
  },
  {
    name: 'readers-terminated',
    fails: 'each reader in turn',
    when: 'SIGTERM under load',
    recovers: 'the other reader serves and takes the partitions over at once',
    short: true,
    inject: (world) => terminated(world, world.stack.readers),
  },
  {
    name: 'servers-restarted',
    fails: 'Postgres, Kafka, MongoDB and Redis in turn',
    when: 'stopped in order under load and started again',
    recovers: 'their start',
    inject: restartedServers,
  },
  {
    name: 'overload',
    fails: 'capacity: five times the load',
    when: 'for a minute',
    recovers: 'less load',
    alone: true,
    async inject({ stack, random, traffic, note }) {
      note('five times the load')
      const more = startTraffic(stack, random, { clients: 64, perSecond: 600 })
      await sleep(60_000)
      const { commands, reads } = await more.stop()
      traffic.history.commands.push(...commands)
      traffic.history.reads.push(...reads)
    },
  },
  {
    name: 'clock-skew',
    fails: 'the clocks: one writer is 5 min ahead, one reader 5 min behind',
    when: 'under load, for 10 s',
    recovers: 'nothing has to: versions decide, not times',
    alone: true,
    async inject({ stack, note }) {
      const skewed = [stack.writers[1], stack.readers[1]!]
      await setClocks(stack, { [skewed[0]!.name]: 300_000, [skewed[1]!.name]: -300_000 })
      await restarted(skewed)
      note(`${skewed.map(({ name }) => name).join(' and ')} have other clocks`)
      await sleep(10_000)
      await setClocks(stack, {})
      await restarted(skewed)
      note('the clocks are right')
    },
  },
]

async function terminated({ note }: World, services: readonly Service[]): Promise<void> {
  for (const { name, process } of services) {
    note(`SIGTERM ${name}`)
    await process.kill('SIGTERM')
    await eventually(
      () => {
        if (process.ended?.code !== 0) throw new Error(`${name} has not ended in order`)
      },
      { withinMs: 25_000 },
    )
    note(`start ${name}`)
    await process.start()
  }
}

async function restartedServers({ stack: { servers }, note }: World): Promise<void> {
  for (const server of [servers.postgres, servers.kafka, servers.mongo, servers.redis]) {
    note(`stop ${server.name}`)
    await server.stop()
    note(`start ${server.name}`)
    await surely(() => server.start())
    await sleep(1_000)
  }
}

async function restarted(services: readonly Service[]): Promise<void> {
  for (const { process } of services) {
    await process.stop()
    await process.start()
  }
}
