import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventsTopic } from '@lockstep/contracts/topics.ts'
import { brokerView } from '@lockstep/testkit/kafka/broker-view.ts'
import { runSetup } from '@lockstep/local-infra/stack/migrate.ts'
import { scopeOf } from '../checkers/check-stack.ts'
import { acknowledged } from '../clients/load.ts'
import { lockstepOf } from '../clients/lockstep.ts'
import { sendCommand } from '../clients/send-command.ts'
import { subjects } from '../subjects/all.ts'
import { product } from '../subjects/product.ts'
import { eventually } from '../system/eventually.ts'
import { locks, outboxSize, relaySessions, takeTransactionId, terminate } from '../system/postgres.ts'
import { relayLeader } from '../system/relay-leader.ts'
import { writeForSlowCommit } from './slow-commit.ts'
import { expectCommands, expectProbe } from './expectations.ts'
import { cutOff, killed, lasting, locked, silent, untilBlocked } from './injections.ts'
import type { Injection, Scenario } from './scenario.ts'

export const relayScenarios: readonly Scenario[] = [
  {
    name: 'relay-killed-after-ack',
    fails: 'the relay leader',
    when: 'after the acknowledgement, before the rows are deleted',
    recovers: 'another writer publishes the rows again; consumers gate on the version',
    short: true,
    async inject({ stack, traffic, note }) {
      const leader = await relayLeader(stack.writers)
      await cutOff(stack.proxies.kafka, () => acknowledged(traffic, 30))
      await locked(stack, locks.outboxDeletes, async () => {
        await untilBlocked(stack, relaySessions)
        note(`kill -9 ${leader.name}, whose events are published and not deleted`)
        await leader.process.kill()
        await terminate(stack.postgres, relaySessions)
      })
      await leader.process.start()
    },
  },
  {
    name: 'relay-stopped-while-sending',
    fails: 'the relay leader',
    when: 'stopped (SIGSTOP) while a send hangs; it continues after another writer took over',
    recovers: 'its session ends after 10 s; another writer takes over within 15 s',
    short: true,
    async inject({ stack, note, expect }) {
      const leader = await relayLeader(stack.writers)
      await silent(stack.proxies.kafka, 'downstream', async () => {
        await sleep(500)
        note(`SIGSTOP ${leader.name} while its send hangs`)
        await leader.process.kill('SIGSTOP')
      })
      const others = stack.writers.filter((writer) => writer !== leader)
      const stoppedAt = Date.now()
      const next = await relayLeader(others, 20_000)
      const ms = Date.now() - stoppedAt
      expect(ms <= 15_000, `another writer is the relay leader within 15 s; ${next.name} is after ${ms} ms`)
      note(`${next.name} took over; SIGCONT ${leader.name}`)
      await leader.process.kill('SIGCONT')
    },
  },
  {
    name: 'late-commit',
    fails: 'a transaction that takes its outbox position early',
    when: 'it stays open for 10 s while others commit behind it',
    recovers: 'the relay deletes the entries that it sent and skips none',
    short: true,
    inject: (injection) => lateCommit(injection, 10_000),
  },
  {
    name: 'late-commit-60s',
    fails: 'a transaction that takes its outbox position early',
    when: 'it stays open for 60 s while others commit behind it',
    recovers: 'the relay deletes the entries that it sent and skips none',
    inject: (injection) => lateCommit(injection, 60_000),
  },
  {
    name: 'early-transaction',
    fails: 'a transaction whose number is lower than that of the transaction before it',
    when: 'both wait in the outbox',
    recovers: 'the relay reads in the order of positions, which are assigned when a row is written',
    short: true,
    inject: earlyTransaction,
  },
  {
    name: 'events-repeated',
    fails: 'every event but the deletions is repeated late',
    when: 'under load',
    recovers: 'the version gate; old events change nothing',
    short: true,
    async inject(injection) {
      // Enough for deletions.
      await acknowledged(injection.traffic, 400)
      await repeatOldEvents(injection)
    },
  },
  {
    name: 'produce-response-lost',
    fails: 'the connection from the writers to the broker',
    when: 'events are acknowledged and the response is lost, for 5 s',
    recovers: 'the relay publishes them again; consumers gate on the version',
    short: true,
    async inject({ stack, note }) {
      note('responses of the broker are lost')
      await silent(stack.proxies.kafka, 'downstream', () => sleep(5_000))
    },
  },
  {
    name: 'broker-killed',
    fails: 'the broker',
    when: 'under load, until 100 commands were acknowledged without it',
    recovers: 'its restart; the outbox keeps the events meanwhile',
    short: true,
    inject: brokerKilled,
  },
  {
    name: 'topic-deleted',
    fails: 'the topic is deleted with all its records',
    when: 'under load; created again after 3 s',
    recovers: '`lockstep republish`, from the event store',
    alone: true,
    // The lost events can only be published behind those that were published since.
    excuses: ({ check, what }) => check === 'order' && what.includes('follows version'),
    inject: topicLost,
  },
  {
    name: 'broker-down-2min',
    fails: 'the broker',
    when: 'under load, unavailable for 2 min',
    recovers: 'its restart; the outbox keeps the events meanwhile',
    alone: true,
    inject: (injection) => killed(injection, injection.stack.servers.kafka, lasting(120_000)),
  },
]

/** Without the broker commands are acknowledged, their events wait in the outbox, and the writers are ready. */
async function brokerKilled(injection: Injection): Promise<void> {
  const { stack, traffic, expect } = injection
  const since = Date.now()
  await killed(injection, stack.servers.kafka, async () => {
    await acknowledged(traffic, 100)
    const waiting = await outboxSize(stack.postgres)
    expect(waiting > 50, `the events wait in the outbox, which has ${waiting}`)
    for (const writer of stack.writers) await expectProbe(injection, writer, '/ready', 200)
  })
  expectCommands(injection, since)
}

/** The events that were in the topic are published again, behind those that were published meanwhile. */
async function topicLost({ stack, traffic, note }: Injection): Promise<void> {
  await acknowledged(traffic, 100)
  const since = new Date(Math.min(...traffic.history.commands.map(({ sentAt }) => sentAt)) - 1_000)
  await using broker = await brokerView(stack.servers.kafka.brokers)
  await broker.deleteTopic(eventsTopic('product'))
  note(`${eventsTopic('product')} is deleted`)
  await sleep(3_000)
  const setup = () => runSetup('kafka', { KAFKA_BROKERS: stack.servers.kafka.brokers.join() })
  await eventually(setup, { withinMs: 30_000 })
  note('it is created again')
  const { code, err } = await lockstepOf(stack)('republish', 'product', '--since', since.toISOString())
  if (code !== 0) throw new Error(`republish: ${err}`)
  note('its events are published again')
}

/** A command beside the writers, whose transaction stays open after its last statement. */
async function lateCommit({ stack, note, record }: Injection, openMs: number): Promise<void> {
  const slow = await stack.postgres.connect()
  try {
    await slow.query('begin')
    const attempt = await writeForSlowCommit(slow, { id: randomUUID(), version: 1 })
    note('a transaction has its outbox position and stays open')
    await sleep(openMs)
    await slow.query('commit')
    note('it commits')
    record(attempt)
  } finally {
    slow.release(true)
  }
}

/** A command whose transaction has its number before the command before it was committed. */
async function earlyTransaction({ stack, note, record }: Injection): Promise<void> {
  const slow = await stack.postgres.connect()
  try {
    await cutOff(stack.proxies.kafka, async () => {
      await slow.query('begin')
      await takeTransactionId(slow)
      note('a transaction has its number')
      const id = randomUUID()
      const created = await sendCommand(stack.writers[0], 'http', product.create(id))
      record(created)
      if (created.outcome.type !== 'acknowledged') return
      const attempt = await writeForSlowCommit(slow, { id, version: 2 })
      await slow.query('commit')
      note('it commits a change of what a later transaction wrote')
      record(attempt)
    })
  } finally {
    slow.release(true)
  }
}

/**
 * As a relay does that crashed before it deleted the entries, or an operator who republishes them. Deletions are not
 * repeated: they would hide that an older event brought back what they deleted.
 */
async function repeatOldEvents({ stack, traffic, note }: Injection): Promise<void> {
  await using broker = await brokerView(stack.servers.kafka.brokers)
  const ids = scopeOf(traffic.history).ids
  for (const { topic, decode } of subjects) {
    const records = await broker.recordsOf(topic)
    const ours = records.filter(
      ({ key, value }) => ids.has(key?.toString() ?? '') && decode(value!).effect !== 'deleted',
    )
    note(`${ours.length} events of ${topic} are repeated`)
    for (const { partition, key, value, headers } of ours)
      await broker.produce(topic, partition, [{ key, value, headers }])
  }
}
