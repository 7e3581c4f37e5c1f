import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { topics } from '@lockstep/contracts/topics.ts'
import { brokerView } from '@lockstep/core/kafka/testing/broker-view.ts'
import { runSetup } from '@lockstep/local-infra/stack/migrate.ts'
import { scopeOf } from '../checkers/check-stack.ts'
import { lockstepOf } from '../clients/lockstep.ts'
import { sendCommand } from '../clients/send-command.ts'
import { eventually } from '../system/eventually.ts'
import { acknowledged } from '../clients/load.ts'
import { relayHolder } from '../system/relay-leader.ts'
import { commandByHand } from './command-by-hand.ts'
import { cutOff, killed, locked, silent, untilBlocked } from './injections.ts'
import type { Scenario, World } from './scenario.ts'

export const relayScenarios: readonly Scenario[] = [
  {
    name: 'relay-killed-after-ack',
    fails: 'the writer that relays the outbox',
    when: 'after the acknowledgement, before the rows are deleted',
    recovers: 'another writer publishes the rows again; consumers gate on the version',
    short: true,
    async inject({ stack, traffic, note }) {
      const holder = await relayHolder(stack.writers)
      await cutOff(stack.proxies.kafka, () => acknowledged(traffic, 30))
      await locked(stack, 'select from outbox for update', async () => {
        await untilBlocked(stack, 'lockstep-relay')
        note(`kill -9 ${holder.name}, whose events are published and not deleted`)
        await holder.process.kill()
        await stack.postgres.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'lockstep-relay'`,
        )
      })
      await holder.process.start()
    },
  },
  {
    name: 'relay-stopped-while-sending',
    fails: 'the writer that relays the outbox',
    when: 'stopped (SIGSTOP) while a send hangs; it wakes after another took over',
    recovers: 'its session ends after 10 s and another writer takes over',
    async inject({ stack, note }) {
      const holder = await relayHolder(stack.writers)
      await silent(stack.proxies.kafka, 'downstream', async () => {
        await sleep(500)
        note(`SIGSTOP ${holder.name} while its send hangs`)
        await holder.process.kill('SIGSTOP')
      })
      const others = stack.writers.filter((writer) => writer !== holder)
      const heir = await relayHolder(others, 20_000)
      note(`${heir.name} took over; SIGCONT ${holder.name}`)
      await holder.process.kill('SIGCONT')
    },
  },
  {
    name: 'late-commit',
    fails: 'a transaction that takes its outbox position early',
    when: 'it stays open for 10 s while others commit behind it',
    recovers: 'the relay deletes what it sent and passes nothing by',
    short: true,
    inject: (world) => lateCommit(world, 10_000),
  },
  {
    name: 'late-commit-60s',
    fails: 'a transaction that takes its outbox position early',
    when: 'it stays open for 60 s while others commit behind it',
    recovers: 'the relay deletes what it sent and passes nothing by',
    inject: (world) => lateCommit(world, 60_000),
  },
  {
    name: 'early-transaction',
    fails: 'a transaction whose number is lower than that of the one it was decided on',
    when: 'both wait in the outbox',
    recovers: 'the relay goes by positions, which are taken when a row is written',
    short: true,
    inject: earlyTransaction,
  },
  {
    name: 'events-repeated',
    fails: 'the order of time: every event comes again, late',
    when: 'under load',
    recovers: 'the gate on versions; what is old changes nothing',
    short: true,
    async inject(world) {
      await acknowledged(world.traffic, 100)
      await repeatOldEvents(world)
    },
  },
  {
    name: 'produce-answer-lost',
    fails: 'the connection from the writers to the broker',
    when: 'events are acknowledged and the answer is lost, for 5 s',
    recovers: 'the relay publishes them again; consumers gate on the version',
    short: true,
    async inject({ stack, note }) {
      note('answers of the broker are lost')
      await silent(stack.proxies.kafka, 'downstream', () => sleep(5_000))
    },
  },
  {
    name: 'broker-killed',
    fails: 'the broker',
    when: 'under load, started again at once',
    recovers: 'its restart; the outbox holds meanwhile',
    short: true,
    inject: (world) => killed(world, world.stack.servers.kafka, 0),
  },
  {
    name: 'topic-deleted',
    fails: 'the topic is deleted with all its records',
    when: 'under load; made again after 3 s',
    recovers: '`lockstep republish`, from the event store',
    alone: true,
    // What the topic has lost can only come again behind what was published since.
    excuses: ({ promise, what }) => promise === 'O' && what.includes('follows version'),
    inject: topicLost,
  },
  {
    name: 'broker-gone-2min',
    fails: 'the broker',
    when: 'under load, away for 2 min',
    recovers: 'its restart; the outbox holds meanwhile',
    alone: true,
    inject: (world) => killed(world, world.stack.servers.kafka, 120_000),
  },
]

/** The events that were in the topic come again behind those that were published meanwhile. */
async function topicLost({ stack, traffic, note }: World): Promise<void> {
  await acknowledged(traffic, 100)
  const since = new Date(Math.min(...traffic.history.commands.map(({ sentAt }) => sentAt)) - 1_000)
  await using broker = await brokerView(stack.servers.kafka.brokers)
  await broker.deleteTopic(topics.productEvents)
  note(`${topics.productEvents} is deleted`)
  await sleep(3_000)
  const setup = () => runSetup('kafka', { KAFKA_BROKERS: stack.servers.kafka.brokers.join() })
  await eventually(setup, { withinMs: 30_000 })
  note('it is made again')
  const { code, err } = await lockstepOf(stack)('republish', '--since', since.toISOString())
  if (code !== 0) throw new Error(`republish: ${err}`)
  note('its events were published again')
}

/** A command carried out beside the writers, whose transaction stays open behind its last statement. */
async function lateCommit({ stack, note, record }: World, openMs: number): Promise<void> {
  const slow = await stack.postgres.connect()
  try {
    await slow.query('begin')
    const attempt = await commandByHand(slow, { id: randomUUID(), version: 1 })
    note('a transaction has its outbox position and stays open')
    await sleep(openMs)
    await slow.query('commit')
    note('it commits')
    record(attempt)
  } finally {
    slow.release(true)
  }
}

/** A command whose transaction has its number before the command that it is decided on was committed. */
async function earlyTransaction({ stack, note, record }: World): Promise<void> {
  const slow = await stack.postgres.connect()
  try {
    await cutOff(stack.proxies.kafka, async () => {
      await slow.query('begin')
      await slow.query('select pg_current_xact_id()')
      note('a transaction has its number')
      const create = { type: 'create', id: randomUUID(), mark: randomUUID() } as const
      const created = await sendCommand(stack.writers[0], 'http', create)
      record(created)
      if (created.outcome.type !== 'acknowledged') return
      const attempt = await commandByHand(slow, { id: create.id, version: 2 })
      await slow.query('commit')
      note('it commits what was decided on a later transaction')
      record(attempt)
    })
  } finally {
    slow.release(true)
  }
}

/** As a relay does that crashed before it deleted them, or an operator who publishes them again. */
async function repeatOldEvents({ stack, traffic, note }: World): Promise<void> {
  await using broker = await brokerView(stack.servers.kafka.brokers)
  const ids = scopeOf(traffic.history).ids
  const records = await broker.recordsOf(topics.productEvents)
  const ours = records.filter(({ key }) => ids.has(key?.toString() ?? ''))
  note(`${ours.length} events come again`)
  for (const [partition, same] of Map.groupBy(ours, (record) => record.partition)) {
    for (const { key, value, headers } of same)
      await broker.produce(topics.productEvents, partition, [{ key, value, headers }])
  }
}
