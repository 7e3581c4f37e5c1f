import { setTimeout as sleep } from 'node:timers/promises'
import { acknowledged } from '../../load.ts'
import {
  cutOff,
  endBlocked,
  killed,
  lasting,
  locked,
  repeatedly,
  silent,
  surely,
  untilBlocked,
} from '../faults.ts'
import { pick } from '../random.ts'
import type { Scenario } from '../scenario.ts'

const lookedUp = 'the writer looks the event up; the caller repeats'
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
      await locked(stack, 'lock table events in share mode', async () => {
        await untilBlocked(stack, 'lockstep-writer')
        note(`kill -9 ${process.name} while it commits`)
        await process.kill()
        await endBlocked(stack, 'lockstep-writer')
      })
      await process.start()
    },
  },
  {
    name: 'writer-killed-after-commit',
    fails: 'a writer',
    when: 'after the commit, before the answer',
    recovers: restart,
    short: true,
    async inject({ stack, random, note }) {
      const { process } = pick(random, stack.writers)
      await silent(stack.proxies.postgres, 'downstream', async () => {
        await sleep(300)
        note(`kill -9 ${process.name} before it hears of its commits`)
        await process.kill()
      })
      await process.start()
    },
  },
  {
    name: 'writer-killed-after-answer',
    fails: 'both writers',
    when: 'after the answer, before the event is published',
    recovers: 'the outbox is published after the restart',
    short: true,
    async inject({ stack, traffic, note }) {
      await cutOff(stack.proxies.kafka, async () => {
        await acknowledged(traffic, 50)
        note('kill -9 of both writers')
        await Promise.all(stack.writers.map(({ process }) => process.kill()))
      })
      await Promise.all(stack.writers.map(({ process }) => process.start()))
    },
  },
  {
    name: 'commit-answer-lost',
    fails: 'the connection from the writers to Postgres',
    when: 'COMMIT was sent, its answer is lost',
    recovers: lookedUp,
    short: true,
    async inject({ stack, note }) {
      for (let round = 0; round < 5; round++) {
        note('answers of Postgres are lost, then its connections')
        await silent(stack.proxies.postgres, 'downstream', lasting(300))
        await sleep(700)
      }
    },
  },
  {
    name: 'one-product-two-writers',
    fails: 'nothing',
    when: 'all clients change one product through two writers',
    recovers: 'commits are gated on the version; the slower decides again',
    traffic: { products: 1, clients: 32 },
    alone: true,
    inject: async ({ traffic }) => acknowledged(traffic, 300),
  },
  {
    name: 'disk-full',
    fails: 'the disk of Postgres is full (an error of class 53)',
    when: 'commands are stored',
    recovers: 'space; callers repeat',
    short: true,
    async inject({ stack: { postgres }, note }) {
      await postgres.query(
        `create or replace function disk_full() returns trigger language plpgsql as
         $$ begin raise exception 'could not extend file' using errcode = 'disk_full'; end $$`,
      )
      await postgres.query(
        'create trigger disk_full before insert on outbox for each statement execute function disk_full()',
      )
      note('the disk is full')
      await sleep(5_000)
      await surely(() => postgres.query('drop trigger if exists disk_full on outbox'))
      note('there is space again')
    },
  },
  {
    name: 'postgres-killed',
    fails: 'Postgres',
    when: 'under load, away for 5 s',
    recovers: 'its restart; the services reconnect',
    short: true,
    inject: (world) => killed(world, world.stack.servers.postgres, 5_000),
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
