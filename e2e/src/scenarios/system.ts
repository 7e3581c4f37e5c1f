import { setTimeout as sleep } from 'node:timers/promises'
import { brokerView } from '@lockstep/testkit/kafka/broker-view.ts'
import { acknowledged } from '../clients/load.ts'
import { startTraffic } from '../runner/traffic.ts'
import { product } from '../subjects/product.ts'
import { eventually } from '../system/eventually.ts'
import { setClocks } from '../system/preload/overrides.ts'
import type { Service } from '../system/services.ts'
import { expectCommands, expectReads, membersOf } from './expectations.ts'
import { surely } from './injections.ts'
import type { Injection, Scenario } from './scenario.ts'

export const systemScenarios: readonly Scenario[] = [
  {
    name: 'writers-terminated',
    fails: 'one writer after the other',
    when: 'SIGTERM under load, behind a load balancer',
    recovers: 'the other writer serves; the relay moves to it',
    traffic: { balanced: true },
    short: true,
    inject: writersTerminated,
  },
  {
    name: 'readers-terminated',
    fails: 'one reader after the other',
    when: 'SIGTERM under load, behind a load balancer',
    recovers: 'the other reader serves and takes over the partitions at once',
    traffic: { balanced: true },
    short: true,
    inject: readersTerminated,
  },
  {
    name: 'servers-restarted',
    fails: 'Postgres, Kafka, MongoDB and Redis, one after the other',
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
      const { commands, reads, totals, changes } = await more.stop()
      traffic.history.commands.push(...commands)
      traffic.history.reads.push(...reads)
      traffic.history.totals.push(...totals)
      traffic.history.changes.push(...changes)
    },
  },
  {
    name: 'clock-skew',
    fails: 'the clocks: one writer is 5 min ahead, one reader 5 min behind',
    when: 'under load, for 10 s',
    recovers: 'nothing needs to: versions decide, not times',
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

async function writersTerminated(injection: Injection): Promise<void> {
  const { stack, traffic } = injection
  const since = Date.now()
  for (const writer of stack.writers) {
    await acknowledged(traffic, 50)
    await terminated(injection, writer)
    await acknowledged(traffic, 50)
    await start(injection, writer)
  }
  await acknowledged(traffic, 50)
  expectCommands(injection, since)
}

async function readersTerminated(injection: Injection): Promise<void> {
  const { stack, traffic, expect } = injection
  await using broker = await brokerView(stack.servers.kafka.brokers)
  const since = Date.now()
  for (const reader of stack.readers) {
    await membersOf(broker, product.group, stack.readers.length)
    await acknowledged(traffic, 30)
    await terminated(injection, reader)
    const members = await broker.members(product.group)
    const left = members.length === stack.readers.length - 1
    expect(left, `${reader.name} has left its group when it exits; the members are ${members.join()}`)
    await acknowledged(traffic, 30)
    await start(injection, reader)
  }
  await acknowledged(traffic, 30)
  expectReads(injection, since)
}

/** The service drains, finishes its requests and exits with code 0 within 25 s. */
async function terminated({ note, expect }: Injection, { name, process }: Service): Promise<void> {
  note(`SIGTERM ${name}`)
  await process.kill('SIGTERM')
  await eventually(
    () => {
      if (!process.ended) throw new Error(`${name} has not exited`)
    },
    { withinMs: 25_000 },
  )
  const { code, signal } = process.ended!
  expect(
    code === 0 && signal === null,
    `${name} exits with code 0; its code is ${code}, its signal ${signal}`,
  )
}

async function start({ note }: Injection, { name, process }: Service): Promise<void> {
  note(`start ${name}`)
  await process.start()
}

async function restartedServers({ stack: { servers }, note }: Injection): Promise<void> {
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
