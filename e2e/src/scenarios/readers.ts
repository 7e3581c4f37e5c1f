import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { groups, topics } from '@lockstep/contracts/topics.ts'
import { brokerView } from '@lockstep/core/kafka/testing/broker-view.ts'
import { openRedis } from '@lockstep/core/redis/client.ts'
import { sendCommand } from '../clients/send-command.ts'
import { sendQuery } from '../clients/send-query.ts'
import { eventually } from '../system/eventually.ts'
import { readable } from '../clients/queries.ts'
import { cutOff, killed, repeatedly, silent, surely } from './injections.ts'
import { pick } from '../runner/random.ts'
import type { Scenario, World } from './scenario.ts'

const again = 'another replica takes the partitions over, the records come again'

export const readerScenarios: readonly Scenario[] = [
  {
    name: 'reader-killed-before-commit',
    fails: 'a reader',
    when: 'MongoDB and Redis are written, the offsets are not committed',
    recovers: again,
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
    recovers: again,
    short: true,
    async inject({ stack, random, note }) {
      const { process } = pick(random, stack.readers)
      await cutOff(stack.proxies.redis, async () => {
        await sleep(700)
        note(`kill -9 ${process.name}, which owes the cache its writes`)
        await process.kill()
      })
      await process.start()
    },
  },
  {
    name: 'reader-stopped',
    fails: 'a reader',
    when: 'stopped (SIGSTOP) for 15 s: it goes on with what it had in hand when another has its partitions',
    recovers: 'the gate on versions; what it does late changes nothing',
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
    fails: 'a reader comes and goes',
    when: 'every 5 s for a minute',
    recovers: 'the group shares the partitions out anew',
    inject: (world) => rebalances(world, 60_000),
  },
  {
    name: 'mongo-killed',
    fails: 'MongoDB',
    when: 'under load, away for 5 s',
    recovers: 'its restart; the projection repeats the batch in hand',
    short: true,
    inject: (world) => killed(world, world.stack.servers.mongo, 5_000),
  },
  {
    name: 'redis-killed',
    fails: 'Redis',
    when: 'under load, away for 5 s',
    recovers: 'its restart; queries go to MongoDB, the cache is left for a new generation',
    short: true,
    inject: (world) => killed(world, world.stack.servers.redis, 5_000),
  },
  {
    name: 'redis-silent',
    fails: 'Redis',
    when: 'stopped (SIGSTOP) for 8 s',
    recovers: 'it goes on; the cache was left meanwhile',
    async inject({ stack: { servers }, note }) {
      note('SIGSTOP redis')
      await servers.redis.kill('SIGSTOP')
      await sleep(8_000)
      await servers.redis.kill('SIGCONT')
    },
  },
  {
    name: 'redis-flushed',
    fails: 'all cache entries and leases',
    when: 'flushed ten times a second for 5 s',
    recovers: 'queries fill the cache again under new leases',
    short: true,
    inject: (world) =>
      withRedis(world, (command) =>
        repeatedly(5_000, async () => {
          await command('flushall')
          await sleep(100)
        }),
      ),
  },
  {
    name: 'redis-evicting',
    fails: 'cache entries and leases',
    when: 'Redis has no memory left for 8 s and evicts at every write',
    recovers: 'more memory; queries go to MongoDB meanwhile',
    inject: (world) =>
      withRedis(world, async (command) => {
        await command('config', 'set', 'maxmemory', '1')
        await sleep(8_000)
        await surely(() => command('config', 'set', 'maxmemory', '256mb'))
      }),
  },
  {
    name: 'slow-fills',
    fails: 'a reader stalls for 300 ms at a time',
    when: 'it fills the cache while updates are projected, for 8 s',
    recovers: 'its lease is gone, so what it read is not stored',
    short: true,
    async inject({ stack, random, note }) {
      const { process } = pick(random, stack.readers)
      note(`SIGSTOP and SIGCONT ${process.name}, again and again`)
      await withRedis({ stack }, (command) =>
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
    when: 'for 20 products, each read and updated at once and then left alone',
    recovers: 'the update ends the lease of the fill',
    short: true,
    inject: fillsRacingUpdates,
  },
  {
    name: 'offsets-out-of-range',
    fails: 'the offsets of the group',
    when: 'they point behind the end of the topic',
    recovers: 'reading from the beginning of the topic; the gate makes repeats harmless',
    alone: true,
    async inject({ stack: { readers, servers }, note }) {
      await using broker = await brokerView(servers.kafka.brokers)
      await Promise.all(readers.map(({ process }) => process.stop()))
      await eventually(
        async () => {
          if ((await broker.members(groups.productProjection)).length > 0)
            throw new Error('the group has members')
        },
        { withinMs: 20_000 },
      )
      await broker.setOffsets(groups.productProjection, topics.productEvents, '1000000000')
      note('the offsets of the group are out of range')
      await Promise.all(readers.map(({ process }) => process.start()))
    },
  },
]

async function fillsRacingUpdates({ stack, record }: World): Promise<void> {
  const [writer] = stack.writers
  const race = async () => {
    const id = randomUUID()
    record(await sendCommand(writer, 'http', { type: 'create', id, mark: randomUUID() }))
    await readable(stack.reader, id, 1)
    await withRedis({ stack }, (command) => command('flushall').then(() => undefined))
    const reads = stack.readers.map((reader) => sendQuery(reader, 'grpc', 'racer', { id }))
    record(await sendCommand(writer, 'http', { type: 'update', id, mark: randomUUID() }))
    await Promise.all(reads)
  }
  await Promise.all(Array.from({ length: 20 }, race))
}

async function rebalances({ stack, note }: World, ms: number): Promise<void> {
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

type Command = (name: string, ...parameters: string[]) => Promise<unknown>

async function withRedis(
  { stack }: Pick<World, 'stack'>,
  work: (command: Command) => Promise<void>,
): Promise<void> {
  await using connection = openRedis({
    url: stack.servers.redis.url,
    tlsCaFile: '',
    onError: () => {},
    commandTimeoutMs: 5_000,
  })
  await eventually(() => connection.redis.ping(), { withinMs: 10_000 })
  await work((name, ...parameters) => connection.redis.call(name, ...parameters))
}
