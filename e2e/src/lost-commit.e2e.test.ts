import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import { expect, onTestFinished } from 'vitest'
import { faultsIn, scopeOf } from './checks.ts'
import { sendCommand } from './clients/send-command.ts'
import type { Attempt, Protocol } from './history/history.ts'
import { eventually } from './eventually.ts'
import { acknowledged, inTurn, startLoad, wholeLives } from './load.ts'
import { readStore } from './read-evidence.ts'
import { test } from './stack-test.ts'
import type { Writer } from './services.ts'
import type { Stack } from './stack.ts'

/** A product, and an update of it whose commit is under way in Postgres and waits for `release`. */
async function commitUnderWay({ writers, postgres }: Stack, protocol: Protocol = 'http') {
  const created = await eventually(() => create(writers[0]), { withinMs: 60_000 })
  const { id } = created
  const holder = await postgres.connect()
  onTestFinished(() => holder.release(true))
  await holder.query('begin')
  await holder.query(`select from aggregates where type = 'product' and id = $1 for update`, [id])
  const { update } = await eventually(() => waitingUpdate(writers[0], protocol, id, postgres), {
    withinMs: 60_000,
  })
  return { id, created, update, release: () => holder.query('rollback') }
}

/** An update whose commit waits for a lock. After an outage the first ones may still be refused. */
async function waitingUpdate(writer: Writer, protocol: Protocol, id: string, postgres: Pool) {
  const update = sendCommand(writer, protocol, { type: 'update', id, mark: randomUUID() })
  let ended: Attempt | undefined
  void update.then((attempt) => (ended = attempt))
  await eventually(async () => ended ?? (await oneWaitsForLock(postgres)), { withinMs: 60_000, everyMs: 10 })
  if (ended) throw new Error(`the update does not wait: ${JSON.stringify(ended.outcome)}`)
  return { update }
}

/** After an outage the first commands may still be refused. */
async function create(writer: Writer): Promise<Attempt & { id: string }> {
  const attempt = await sendCommand(writer, 'http', { type: 'create', id: randomUUID(), mark: randomUUID() })
  expect(attempt.outcome).toMatchObject({ type: 'acknowledged', version: 1 })
  return attempt
}

/** Not asked within a transaction, which goes on to see the connections that there were at its first look. */
async function oneWaitsForLock(postgres: Pool): Promise<void> {
  const { rowCount } = await postgres.query(
    `select from pg_stat_activity where application_name = 'lockstep-writer' and wait_event_type = 'Lock'`,
  )
  if (rowCount !== 1) throw new Error(`${rowCount} commits wait for a lock`)
}

async function versions(stack: Stack, id: string): Promise<number> {
  return (await readStore(stack, scopeOf({ commands: [] }, [id]))).get(id)?.length ?? 0
}

/** The answers of Postgres do not arrive from now on; what the services send does. */
const silence = ({ proxies }: Stack) =>
  proxies.postgres.spoil({ type: 'timeout', attributes: { timeout: 0 }, stream: 'downstream' })

const expectTrue = async (stack: Stack, attempts: Attempt[]) =>
  expect(await faultsIn(stack, { commands: attempts }, { withinMs: 60_000 })).toEqual([])

test('a commit whose answer was lost on the way is reported as done, once', async ({ stack }) => {
  const { id, created, update, release } = await commitUnderWay(stack)
  await silence(stack)
  await release()
  await eventually(async () => expect(await versions(stack, id)).toBe(2), { withinMs: 60_000 })
  await stack.proxies.postgres.enable(false)
  await stack.servers.toxiproxy.reset()

  const updated = await update
  expect(updated.outcome).toMatchObject({ type: 'acknowledged', version: 2 })
  await expectTrue(stack, [created, updated])
})

test('a commit that the server had not carried out when the connection broke is reported as not done', async ({
  stack,
}) => {
  const { id, created, update, release } = await commitUnderWay(stack)
  await stack.proxies.postgres.enable(false)
  await stack.proxies.postgres.enable(true)

  const updated = await update
  expect(updated.outcome).toEqual({ type: 'nothing_done', code: 'unavailable' })
  // Nor is it carried out when what held it up is gone.
  await release()
  expect(await versions(stack, id)).toBe(1)
  await expectTrue(stack, [created, updated])
})

test.for<[Protocol]>([['http'], ['grpc']])(
  'a commit whose outcome cannot be looked up is reported as unknown over %s',
  async ([protocol], { stack }) => {
    const { id, created, update, release } = await commitUnderWay(stack, protocol)
    await silence(stack)
    await release()
    await eventually(async () => expect(await versions(stack, id)).toBe(2), { withinMs: 60_000 })
    await stack.proxies.postgres.enable(false)
    const updated = await update
    expect(updated.outcome).toEqual({ type: 'unknown', code: 'outcome_unknown' })
    await stack.servers.toxiproxy.reset()
    await expectTrue(stack, [created, updated])
  },
)

test('connections to Postgres that break all the time make no answer untrue', async ({ stack }) => {
  const { writers, proxies } = stack
  await using load = startLoad({ clients: 16, perSecond: 200, next: wholeLives(), pick: inTurn(writers) })
  await acknowledged(load, 50)
  for (let breaks = 0; breaks < 15; breaks++) {
    await proxies.postgres.enable(false)
    await proxies.postgres.enable(true)
    await acknowledged(load, 20)
  }
  await expectTrue(stack, [...(await load.stop()).commands])
})
