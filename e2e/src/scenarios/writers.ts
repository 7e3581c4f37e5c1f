import { setTimeout as sleep } from 'node:timers/promises'
import { brokerView } from '@lockstep/testkit/kafka/broker-view.ts'
import { acknowledged } from '../clients/load.ts'
import { pick } from '../runner/random.ts'
import { subjects } from '../subjects/all.ts'
import { locks, terminateBlocked, writerSessions } from '../system/postgres.ts'
import { cutOff, lasting, locked, repeatedly, silent, untilBlocked } from './injections.ts'
import type { Stack } from '../system/stack.ts'
import type { Injection, Scenario } from './scenario.ts'

const lookedUp = 'the writer looks up the event; the caller repeats'
const restart = 'a restart; callers repeat on another writer'

export const writerScenarios: readonly Scenario[] = [
  {
    name: 'writer-killed-before-commit',
    fails: 'a writer',
    when: 'its transaction is written and not committed',
    recovers: restart,
    short: true,
    async inject({ stack, random, note }) {
      const { process } = pick(random, stack.writers)
      await locked(stack, locks.allCommits, async () => {
        await untilBlocked(stack, writerSessions)
        note(`kill -9 ${process.name} during a commit`)
        await process.kill()
        await terminateBlocked(stack.postgres, writerSessions)
      })
      await process.start()
    },
  },
  {
    name: 'writer-killed-after-commit',
    fails: 'a writer',
    when: 'after the commit, before the response',
    recovers: restart,
    short: true,
    async inject({ stack, random, note }) {
      const { process } = pick(random, stack.writers)
      await silent(stack.proxies.postgres, 'downstream', async () => {
        await sleep(300)
        note(`kill -9 ${process.name} before it receives the results of its commits`)
        await process.kill()
      })
      await process.start()
    },
  },
  {
    name: 'writer-killed-after-response',
    fails: 'both writers',
    when: 'after the response, before the event is published',
    recovers: 'the outbox is published after the restart',
    short: true,
    async inject(injection) {
      const { stack, traffic, note } = injection
      await cutOff(stack.proxies.kafka, async () => {
        const since = Date.now()
        await acknowledged(traffic, 50)
        note('kill -9 of both writers')
        await Promise.all(stack.writers.map(({ process }) => process.kill()))
        await expectUnpublished(injection, since)
      })
      await Promise.all(stack.writers.map(({ process }) => process.start()))
    },
  },
  {
    name: 'commit-response-lost',
    fails: 'the connection from the writers to Postgres',
    when: 'COMMIT was sent, its response is lost',
    recovers: lookedUp,
    short: true,
    async inject({ stack, note }) {
      for (let round = 0; round < 5; round++) {
        note('the responses of commits are lost, then the connections')
        await loseCommitResponses(stack)
        await sleep(700)
      }
    },
  },
  {
    name: 'one-aggregate-two-writers',
    fails: 'nothing',
    when: 'all clients change one product through two writers',
    recovers: 'commits are gated on the version; the slower one decides again',
    traffic: { aggregates: 1, clients: 32 },
    alone: true,
    inject: async ({ traffic }) => acknowledged(traffic, 300),
  },
  {
    name: 'postgres-connections-break',
    fails: 'every connection to Postgres',
    when: 'four times a second for 10 s',
    recovers: lookedUp,
    async inject({ stack }) {
      await repeatedly(10_000, async () => {
        await cutOff(stack.proxies.postgres, lasting(20))
        await sleep(230)
      })
    },
  },
]

/** Commits wait for a lock until nothing that Postgres sends arrives any more. Then they are applied. */
async function loseCommitResponses(stack: Stack): Promise<void> {
  const silence = Promise.withResolvers<void>()
  let lost: Promise<void> = Promise.resolve()
  await locked(stack, locks.allCommits, async () => {
    await untilBlocked(stack, writerSessions, 4)
    lost = silent(stack.proxies.postgres, 'downstream', async () => {
      silence.resolve()
      await sleep(300)
    })
    await silence.promise
  })
  await lost
}

/** The commands sent since then are acknowledged and not published: only the outbox has their events. */
async function expectUnpublished({ stack, traffic, expect }: Injection, since: number): Promise<void> {
  await using broker = await brokerView(stack.servers.kafka.brokers)
  for (const { type, topic, decode } of subjects) {
    const published = new Set(
      (await broker.recordsOf(topic)).flatMap(({ value }) => {
        try {
          const { id, version } = decode(value ?? Buffer.alloc(0))
          return [`${id} ${version}`]
        } catch {
          return []
        }
      }),
    )
    const early = traffic.history.commands.filter(
      ({ subject, sentAt, outcome }) =>
        subject === type &&
        sentAt >= since &&
        outcome.type === 'acknowledged' &&
        published.has(`${outcome.id} ${outcome.version}`),
    )
    expect(early.length === 0, `no event is published while the broker is unreachable; ${early.length} are`)
  }
}
