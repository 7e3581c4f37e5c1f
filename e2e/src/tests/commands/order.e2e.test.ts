import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { faultsIn } from '../../checkers/check-stack.ts'
import { sendCommand } from '../../clients/send-command.ts'
import type { Attempt } from '../../evidence/history.ts'
import { acknowledged, balancer, inTurn, startLoad, updatesOf } from '../../clients/load.ts'
import { relayHolder } from '../../system/relay-leader.ts'
import { test } from '../../system/stack-test.ts'
import type { Stack } from '../../system/stack.ts'

/** Ten products, and the commands that made them. */
async function tenProducts({ writers }: Stack): Promise<{ ids: string[]; created: Attempt[] }> {
  const ids = Array.from({ length: 10 }, () => randomUUID())
  const create = (id: string) => sendCommand(writers[0], 'http', { type: 'create', id, mark: randomUUID() })
  return { ids, created: await Promise.all(ids.map(create)) }
}

test('versions first appear in the topic in order without a hole, with 32 clients on 10 products and two writers', async ({
  stack,
}) => {
  const { ids, created } = await tenProducts(stack)
  await using load = startLoad({ clients: 32, next: updatesOf(ids), pick: inTurn(stack.writers) })
  await acknowledged(load, 800)
  const attempts = [...created, ...(await load.stop()).commands]
  expect(attempts.filter(({ outcome }) => outcome.type === 'unknown')).toEqual([])
  expect(await faultsIn(stack, { commands: attempts }, { withinMs: 60_000 })).toEqual([])
})

test('when the relay is stopped another writer takes over within 15 s, and the order holds', async ({
  stack,
}) => {
  const { ids, created } = await tenProducts(stack)
  const holder = await relayHolder(stack.writers)
  const others = stack.writers.filter((writer) => writer !== holder)
  await using balance = balancer(stack.writers)
  await using load = startLoad({
    clients: 32,
    perSecond: 200,
    next: updatesOf(ids),
    pick: balance.pick,
  })
  await acknowledged(load, 100)

  await holder.process.kill('SIGSTOP')
  const heir = await relayHolder(others, 15_000)
  expect(heir.name).not.toBe(holder.name)
  await acknowledged(load, 100)
  // The one that was stopped goes on where it was, perhaps in the middle of a send.
  await holder.process.kill('SIGCONT')
  await acknowledged(load, 100)

  const attempts = [...created, ...(await load.stop()).commands]
  expect(await faultsIn(stack, { commands: attempts }, { withinMs: 60_000 })).toEqual([])
})
