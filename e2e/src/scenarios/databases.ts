import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { brokerView } from '@lockstep/testkit/kafka/broker-view.ts'
import { problemOf, type HttpResponse } from '../clients/http-client.ts'
import { readable } from '../clients/readable.ts'
import { sendCommand } from '../clients/send-command.ts'
import { readModelStates } from '../evidence/read-evidence.ts'
import { product } from '../subjects/product.ts'
import { eventually } from '../system/eventually.ts'
import { fillDisk, freeDisk } from '../system/postgres.ts'
import type { Writer } from '../system/services.ts'
import { expectCommands, expectProbe, expectQueries, membersOf } from './expectations.ts'
import { atLeast, killed, lasting, repeatedly, surely } from './injections.ts'
import { withRedis } from './redis-commands.ts'
import type { Injection, Scenario } from './scenario.ts'

/** Longer than the session timeout of the consumer group. */
const BEYOND_SESSION_MS = 12_000

export const databaseScenarios: readonly Scenario[] = [
  {
    name: 'disk-full',
    fails: 'the disk of Postgres is full (an error of class 53)',
    when: 'commands are committed, for 5 s',
    recovers: 'space; callers repeat',
    short: true,
    async inject({ stack: { postgres }, note }) {
      await fillDisk(postgres)
      note('the disk is full')
      await sleep(5_000)
      await surely(() => freeDisk(postgres))
      note('the disk has space')
    },
  },
  {
    name: 'postgres-killed',
    fails: 'Postgres',
    when: 'under load, unavailable for 5 s',
    recovers: 'its restart; the services reconnect without a restart',
    short: true,
    inject: postgresKilled,
  },
  {
    name: 'mongo-killed',
    fails: 'MongoDB',
    when: 'under load, unavailable for 12 s',
    recovers: 'its restart; the projection retries the batch and stays in its group',
    short: true,
    inject: mongoKilled,
  },
  {
    name: 'mongo-killed-after-write',
    fails: 'MongoDB',
    when: 'kill -9 directly after it acknowledged writes that no reader repeats',
    recovers: 'its restart; what it acknowledged is on the disk',
    short: true,
    inject: mongoKilledAfterWrite,
  },
  {
    name: 'redis-killed',
    fails: 'Redis',
    when: 'under load, unavailable for 5 s',
    recovers: 'its restart; queries go to MongoDB, then to a new cache epoch',
    short: true,
    inject: (injection) =>
      killed(injection, injection.stack.servers.redis, () =>
        atLeast(5_000, () => expectQueries(injection, 50)),
      ),
  },
  {
    name: 'redis-silent',
    fails: 'Redis',
    when: 'stopped (SIGSTOP) for 5 s',
    recovers: 'SIGCONT; queries go to MongoDB meanwhile',
    short: true,
    async inject(injection) {
      const { redis } = injection.stack.servers
      injection.note('SIGSTOP redis')
      await redis.kill('SIGSTOP')
      await atLeast(5_000, () => expectQueries(injection, 50))
      await redis.kill('SIGCONT')
    },
  },
  {
    name: 'redis-flushed',
    fails: 'all cache entries and leases',
    when: 'flushed ten times a second for 5 s',
    recovers: 'queries fill the cache again under new leases',
    short: true,
    inject: ({ stack }) =>
      withRedis(stack, (command) =>
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
    inject: ({ stack }) =>
      withRedis(stack, async (command) => {
        await command('config', 'set', 'maxmemory', '1')
        await sleep(8_000)
        await surely(() => command('config', 'set', 'maxmemory', '256mb'))
      }),
  },
]

async function postgresKilled(injection: Injection): Promise<void> {
  const { stack, expect } = injection
  const pids = () => stack.writers.map(({ process }) => process.pid).join()
  const before = pids()
  const since = Date.now()
  await killed(injection, stack.servers.postgres, async () => {
    await atLeast(5_000, async () => {
      for (const writer of stack.writers) {
        expectRefusal(injection, await firstRefusal(writer))
        await expectProbe(injection, writer, '/ready', 503)
        await expectProbe(injection, writer, '/live', 200)
      }
    })
  })
  // Commands in flight at the moment of the kill may have been committed.
  expectCommands(injection, since, ['unavailable', 'outcome_unknown', 'deadline_exceeded'])
  expect(pids() === before, 'the writers continue without a restart')
}

/** The first command after the kill may be one in flight, whose outcome is unknown. */
function firstRefusal({ http }: Writer): Promise<HttpResponse> {
  return eventually(
    async () => {
      const response = await http.send('POST', '/api/v1/products', { json: { name: 'One', priceCents: 1 } })
      if (problemOf(response).code !== 'unavailable') throw new Error(response.text)
      return response
    },
    { withinMs: 5_000 },
  )
}

function expectRefusal({ expect }: Injection, response: HttpResponse): void {
  const { status, code, detail = '' } = problemOf(response)
  expect(
    status === 503 && code === 'unavailable' && detail !== '',
    `a command gets 503 unavailable with a detail: ${response.text}`,
  )
  const retryAfter = response.headers.get('retry-after') ?? ''
  expect(/^\d+$/.test(retryAfter), `the response says after how many seconds to retry: "${retryAfter}"`)
}

async function mongoKilled(injection: Injection): Promise<void> {
  const { stack, expect } = injection
  await using broker = await brokerView(stack.servers.kafka.brokers)
  const members = await membersOf(broker, product.group, stack.readers.length)
  const expectMembers = async () => {
    const now = (await broker.members(product.group)).toSorted()
    expect(now.join() === members.join(), `the readers stay in their group: ${now.join()}`)
  }
  await killed(injection, stack.servers.mongo, async () => {
    const limit = Date.now() + BEYOND_SESSION_MS
    while (Date.now() < limit) {
      await expectMembers()
      for (const reader of stack.readers) await expectProbe(injection, reader, '/live', 200)
      await sleep(1_000)
    }
    for (const reader of stack.readers) await expectProbe(injection, reader, '/ready', 503)
  })
  await expectMembers()
}

async function mongoKilledAfterWrite(injection: Injection): Promise<void> {
  const { stack, record, expect, note } = injection
  const { mongo } = stack.servers
  const create = () => sendCommand(stack.writers[0], 'http', product.create(randomUUID()))
  const attempts = await Promise.all(Array.from({ length: 20 }, create))
  for (const attempt of attempts) record(attempt)
  const ids = attempts.map(({ id }) => id ?? '')
  // A result shows that MongoDB acknowledged the write. A stopped reader cannot repeat it.
  await Promise.all(ids.map((id) => readable(stack.reader, id, 1)))
  note('SIGSTOP of the readers')
  await Promise.all(stack.readers.map(({ process }) => process.kill('SIGSTOP')))
  try {
    await killed(injection, mongo, lasting(0))
    const kept = await eventually(() => readModelStates(stack, product, new Set(ids)), { withinMs: 60_000 })
    expect(kept.length === ids.length, `MongoDB has all ${ids.length} documents; it has ${kept.length}`)
  } finally {
    await Promise.all(stack.readers.map(({ process }) => process.kill('SIGCONT')))
  }
}
