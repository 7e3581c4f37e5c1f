import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { brokerView } from '@lockstep/testkit/kafka/broker-view.ts'
import { readable } from '../clients/readable.ts'
import { sendCommand } from '../clients/send-command.ts'
import { readModelStates } from '../evidence/read-evidence.ts'
import { pick } from '../runner/random.ts'
import { product, productCommand } from '../subjects/product.ts'
import { groupsOf } from '../subjects/subject.ts'
import { eventually } from '../system/eventually.ts'
import { hasVersion, membersOf, recordedQuery } from './expectations.ts'
import { cutOff, repeatedly, silent } from './injections.ts'
import { withRedis } from './redis-commands.ts'
import type { Injection, Scenario } from './scenario.ts'

const redelivered = 'another replica takes over the partitions, the records are redelivered'

export const readerScenarios: readonly Scenario[] = [
  {
    name: 'reader-killed-before-commit',
    fails: 'a reader',
    when: 'MongoDB and Redis are written, the offsets are not committed',
    recovers: redelivered,
    short: true,
    async inject({ stack, random, note }) {
      const { process } = pick(random, stack.readers)
      await silent(stack.proxies.readersKafka, 'upstream', async () => {
        await sleep(400)
        note(`kill -9 ${process.name}, which cannot commit`)
        await process.kill()
      })
      await process.start()
    },
  },
  {
    name: 'reader-killed-before-cache',
    fails: 'a reader',
    when: 'MongoDB is written, Redis is not',
    recovers: redelivered,
    short: true,
    inject: readerKilledBeforeCache,
  },
  {
    name: 'reader-stopped',
    fails: 'a reader',
    when: 'stopped (SIGSTOP) for 15 s: it continues its batch after another replica took over its partitions',
    recovers: 'the version gate; its late writes change nothing',
    async inject({ stack, random, note }) {
      const { process } = pick(random, stack.readers)
      note(`SIGSTOP ${process.name}`)
      await process.kill('SIGSTOP')
      await sleep(15_000)
      note(`SIGCONT ${process.name}`)
      await process.kill('SIGCONT')
    },
  },
  {
    name: 'rebalances',
    fails: 'a reader leaves and joins',
    when: 'every 5 s for a minute',
    recovers: 'the group assigns the partitions again',
    inject: (injection) => rebalances(injection, 60_000),
  },
  {
    name: 'slow-fills',
    fails: 'a reader stalls for 300 ms at a time',
    when: 'it fills the cache while updates are projected, for 8 s',
    recovers: 'its lease is gone, so what it read is not stored',
    short: true,
    async inject({ stack, random, note }) {
      const { process } = pick(random, stack.readers)
      note(`SIGSTOP and SIGCONT ${process.name} repeatedly`)
      await withRedis(stack, (command) =>
        repeatedly(8_000, async () => {
          await command('flushall')
          await sleep(30 + 100 * random())
          await process.kill('SIGSTOP')
          await sleep(300)
          await process.kill('SIGCONT')
        }),
      )
    },
  },
  {
    name: 'fills-racing-updates',
    fails: 'a cache fill is slower than an update of its product',
    when: 'for 20 products, each read and updated at the same time and then unchanged',
    recovers: 'the update ends the lease of the fill',
    short: true,
    inject: fillsRacingUpdates,
  },
  {
    name: 'offsets-out-of-range',
    fails: 'the offsets of all groups of a topic',
    when: 'they are behind the end of the topic',
    recovers: 'reading from the beginning of the topic; the version gate makes repeats harmless',
    alone: true,
    async inject({ stack: { readers, servers }, note }) {
      await using broker = await brokerView(servers.kafka.brokers)
      await Promise.all(readers.map(({ process }) => process.stop()))
      for (const group of groupsOf(product)) {
        await membersOf(broker, group, 0)
        await broker.setOffsets(group, product.topic, '1000000000')
      }
      note('the offsets of the groups are out of range')
      await Promise.all(readers.map(({ process }) => process.start()))
    },
  },
]

/**
 * Without Redis the projection holds the offsets back: its invalidations are pending. If it did not, the cache would
 * keep old entries after the kill, and the check of cache coherence would fail.
 */
async function readerKilledBeforeCache(injection: Injection): Promise<void> {
  const { stack, random, note, record, expect } = injection
  const reader = pick(random, stack.readers)
  const [writer] = stack.writers
  const query = { subject: product.type, id: randomUUID() }
  record(await sendCommand(writer, 'http', product.create(query.id)))
  await readable(reader, query.id, 1)
  // It is in the cache now, at version 1.
  await recordedQuery(injection, reader, query)
  await cutOff(stack.proxies.redis, async () => {
    record(await sendCommand(writer, 'http', productCommand('update', query.id)))
    await eventually(
      async () => {
        const [state] = await readModelStates(stack, product, new Set([query.id]))
        if (state?.version !== 2) throw new Error(`MongoDB has version ${state?.version}`)
      },
      { withinMs: 30_000 },
    )
    const read = await recordedQuery(injection, reader, query)
    expect(hasVersion(read, 2), `without Redis a query returns the projected version: ${shown(read)}`)
    note(`kill -9 ${reader.name}, whose cache writes are pending`)
    await reader.process.kill()
  })
  await reader.process.start()
  // The cache has version 1 until the event is redelivered.
  const read = await recordedQuery(injection, reader, { ...query, minVersion: 2 })
  expect(hasVersion(read, 2), `a query with min_version ignores the old cache entry: ${shown(read)}`)
}

function shown({ result }: Awaited<ReturnType<typeof recordedQuery>>): string {
  return JSON.stringify(result)
}

async function fillsRacingUpdates(injection: Injection): Promise<void> {
  const { stack, record } = injection
  const [writer] = stack.writers
  const race = async () => {
    const id = randomUUID()
    record(await sendCommand(writer, 'http', product.create(id)))
    await readable(stack.reader, id, 1)
    await withRedis(stack, (command) => command('flushall').then(() => undefined))
    const reads = stack.readers.map((reader) => recordedQuery(injection, reader, { subject: 'product', id }))
    record(await sendCommand(writer, 'http', productCommand('update', id)))
    await Promise.all(reads)
  }
  await Promise.all(Array.from({ length: 20 }, race))
}

async function rebalances({ stack, note }: Injection, ms: number): Promise<void> {
  const { process } = stack.readers.at(-1)!
  await repeatedly(ms, async () => {
    note(`${process.name} leaves`)
    await process.stop()
    await sleep(5_000)
    note(`${process.name} joins`)
    await process.start()
    await sleep(5_000)
  })
}
