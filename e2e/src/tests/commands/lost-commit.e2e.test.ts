import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import { expect, onTestFinished } from 'vitest'
import { violationsIn } from '../../checkers/check-stack.ts'
import { sendCommand } from '../../clients/send-command.ts'
import type { Attempt, Protocol } from '../../evidence/history.ts'
import { eventually } from '../../system/eventually.ts'
import { roundRobin } from '../../clients/balancer.ts'
import { acknowledged, startLoad, wholeLives } from '../../clients/load.ts'
import { product, productCommand } from '../../subjects/product.ts'
import { countBlocked, countEvents, lockAggregate, writerSessions } from '../../system/postgres.ts'
import { test } from '../../system/stack-test.ts'
import type { Writer } from '../../system/services.ts'
import type { Stack } from '../../system/stack.ts'

/** A product, and an update of it whose commit is in progress in Postgres and waits for `release`. */
async function commitInProgress({ writers, postgres }: Stack, protocol: Protocol = 'http') {
  const created = await eventually(() => create(writers[0]), { withinMs: 60_000 })
  const { id } = created
  const client = await postgres.connect()
  onTestFinished(() => client.release(true))
  await client.query('begin')
  await lockAggregate(client, product.type, id)
  const { update } = await eventually(() => waitingUpdate(writers[0], protocol, id, postgres), {
    withinMs: 60_000,
  })
  return { id, created, update, release: () => client.query('rollback') }
}

/** An update whose commit waits for a lock. After an outage the first ones may still be refused. */
async function waitingUpdate(writer: Writer, protocol: Protocol, id: string, postgres: Pool) {
  const update = sendCommand(writer, protocol, productCommand('update', id))
  let ended: Attempt | undefined
  void update.then((attempt) => (ended = attempt))
  await eventually(async () => ended ?? (await oneWaitsForLock(postgres)), { withinMs: 60_000, everyMs: 10 })
  if (ended) throw new Error(`the update does not wait: ${JSON.stringify(ended.outcome)}`)
  return { update }
}

/** After an outage the first commands may still be refused. */
async function create(writer: Writer): Promise<Attempt & { id: string }> {
  const attempt = await sendCommand(writer, 'http', product.create(randomUUID()))
  expect(attempt.outcome).toMatchObject({ type: 'acknowledged', version: 1 })
  return { ...attempt, id: attempt.id ?? '' }
}

/** Outside the transaction, which would always see the connections of its first query. */
async function oneWaitsForLock(postgres: Pool): Promise<void> {
  const blocked = await countBlocked(postgres, writerSessions)
  if (blocked !== 1) throw new Error(`${blocked} commits wait for a lock`)
}

function versions(stack: Stack, id: string): Promise<number> {
  return countEvents(stack.postgres, product.type, id)
}

/** From now on the responses of Postgres do not arrive; the requests of the services do. */
const silence = ({ proxies }: Stack) =>
  proxies.postgres.inject({ type: 'timeout', attributes: { timeout: 0 }, stream: 'downstream' })

const expectNoViolation = async (stack: Stack, attempts: Attempt[]) =>
  expect(await violationsIn(stack, { commands: attempts }, { withinMs: 60_000 })).toEqual([])

test('a commit whose response was lost is reported as done, once', async ({ stack }) => {
  const { id, created, update, release } = await commitInProgress(stack)
  await silence(stack)
  await release()
  await eventually(async () => expect(await versions(stack, id)).toBe(2), { withinMs: 60_000 })
  await stack.proxies.postgres.enable(false)
  await stack.servers.toxiproxy.reset()

  const updated = await update
  expect(updated.outcome).toMatchObject({ type: 'acknowledged', version: 2 })
  await expectNoViolation(stack, [created, updated])
})

test('a commit that the server had not applied when the connection broke is reported as not done', async ({
  stack,
}) => {
  const { id, created, update, release } = await commitInProgress(stack)
  await stack.proxies.postgres.enable(false)
  await stack.proxies.postgres.enable(true)

  const updated = await update
  expect(updated.outcome).toEqual({ type: 'nothing_done', code: 'unavailable' })
  // It is not applied later either, when the lock is released.
  await release()
  expect(await versions(stack, id)).toBe(1)
  await expectNoViolation(stack, [created, updated])
})

test.for<[Protocol]>([['http'], ['grpc']])(
  'a commit whose outcome cannot be looked up is reported as unknown over %s',
  async ([protocol], { stack }) => {
    const { id, created, update, release } = await commitInProgress(stack, protocol)
    await silence(stack)
    await release()
    await eventually(async () => expect(await versions(stack, id)).toBe(2), { withinMs: 60_000 })
    await stack.proxies.postgres.enable(false)
    const updated = await update
    expect(updated.outcome).toEqual({ type: 'unknown', code: 'outcome_unknown' })
    await stack.servers.toxiproxy.reset()
    await expectNoViolation(stack, [created, updated])
  },
)

test('connections to Postgres that break repeatedly make no response wrong', async ({ stack }) => {
  const { writers, proxies } = stack
  await using load = startLoad({ clients: 16, perSecond: 200, next: wholeLives(), pick: roundRobin(writers) })
  await acknowledged(load, 50)
  for (let breaks = 0; breaks < 15; breaks++) {
    await proxies.postgres.enable(false)
    await proxies.postgres.enable(true)
    await acknowledged(load, 20)
  }
  await expectNoViolation(stack, [...(await load.stop()).commands])
})
