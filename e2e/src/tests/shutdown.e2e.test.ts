import { groups } from '@lockstep/contracts/topics.ts'
import { brokerView } from '@lockstep/core/kafka/testing/broker-view.ts'
import type { Server } from '@lockstep/local-infra/server.ts'
import { expect } from 'vitest'
import { faultsIn } from '../checkers/check-stack.ts'
import { acknowledged, balancer, startLoad, wholeLives } from '../clients/load.ts'
import { eventually } from '../system/eventually.ts'
import { answered, startQueries } from '../clients/queries.ts'
import { test } from '../system/stack-test.ts'

/** Resolves when the process has ended by itself after SIGTERM, with its exit code 0, within 25 s. */
async function terminate(process: Server): Promise<void> {
  await process.kill('SIGTERM')
  const ended = () => expect(process.ended).toEqual({ code: 0, signal: null })
  await eventually(ended, { withinMs: 25_000 })
}

test('SIGTERM of a writer under load drops no command that it accepted', async ({ stack }) => {
  const [first, second] = stack.writers
  await using balance = balancer(stack.writers)
  await using load = startLoad({ clients: 32, perSecond: 300, next: wholeLives(), pick: balance.pick })
  for (const writer of [first, second]) {
    await acknowledged(load, 100)
    await terminate(writer.process)
    await acknowledged(load, 100)
    await writer.process.start()
  }
  await acknowledged(load, 100)
  const { commands: attempts } = await load.stop()
  expect(attempts.filter(({ outcome }) => outcome.type !== 'acknowledged')).toEqual([])
  expect(await faultsIn(stack, { commands: attempts }, { withinMs: 60_000 })).toEqual([])
})

test('SIGTERM of the reader under load drops no query that it accepted, and it leaves its group at once', async ({
  stack,
}) => {
  const { writers, reader, servers } = stack
  await using broker = await brokerView(servers.kafka.brokers)
  await using balance = balancer([reader])
  await using load = startLoad({ clients: 8, perSecond: 100, next: wholeLives(), pick: () => writers[0] })
  await acknowledged(load, 50)
  const ids = () => load.history.commands.map(({ id }) => id ?? '')
  await using queries = startQueries({ ids, pick: balance.pick, clients: 16 })
  await answered(queries, 200)

  await terminate(reader.process)
  expect(await broker.members(groups.productProjection)).toEqual([])
  await reader.process.start()
  await answered(queries, 200)
  const { reads } = await queries.stop()
  expect(queries.failed()).toEqual([])
  const history = { commands: (await load.stop()).commands, reads }
  expect(await faultsIn(stack, history, { withinMs: 60_000 })).toEqual([])
})
