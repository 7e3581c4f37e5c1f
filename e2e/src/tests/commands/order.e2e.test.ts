import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { violationsIn } from '../../checkers/check-stack.ts'
import { roundRobin } from '../../clients/balancer.ts'
import { acknowledged, startLoad, updatesOf } from '../../clients/load.ts'
import { sendCommand } from '../../clients/send-command.ts'
import { product } from '../../subjects/product.ts'
import { test } from '../../system/stack-test.ts'

test('versions first appear in the topic in order without a gap, with 32 clients on 10 products and two writers', async ({
  stack,
}) => {
  const ids = Array.from({ length: 10 }, () => randomUUID())
  const create = (id: string) => sendCommand(stack.writers[0], 'http', product.create(id))
  const created = await Promise.all(ids.map(create))
  await using load = startLoad({ clients: 32, next: updatesOf(ids), pick: roundRobin(stack.writers) })
  await acknowledged(load, 800)
  const attempts = [...created, ...(await load.stop()).commands]
  expect(attempts.filter(({ outcome }) => outcome.type === 'unknown')).toEqual([])
  expect(await violationsIn(stack, { commands: attempts }, { withinMs: 60_000 })).toEqual([])
})
