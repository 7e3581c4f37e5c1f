import { setTimeout as delay } from 'node:timers/promises'
import { expect, inject, test, vi } from 'vitest'
import { createClient } from './client.ts'
import { consumeText, playground, rememberingLog, texts } from '../testing/harness.ts'

// Trap 7, on live connections.
test('an idle consumer sets no timers of a millisecond and causes no warning of Node', async () => {
  const warnings: Error[] = []
  const warned = (warning: Error) => warnings.push(warning)
  process.on('warning', warned)
  await using place = await playground(inject('kafkaBrokers'))
  await place.produce(texts('1'))
  await using consumer = consumeText(place)
  await expect.poll(() => consumer.applied).toEqual(['1'])
  const timers = vi.spyOn(globalThis, 'setTimeout')
  await delay(500)
  const short = timers.mock.calls.filter(([, ms]) => !(ms !== undefined && ms > 1))
  timers.mockRestore()
  process.off('warning', warned)
  expect(short).toEqual([])
  expect(warnings).toEqual([])
})

test('a destroyed client has no connection left and opens none', async () => {
  const client = createClient({ brokers: inject('kafkaBrokers'), clientId: 'test' }, rememberingLog())
  const admin = client.kafka.admin()
  await admin.connect()
  client.destroy()
  await expect(admin.listTopics()).rejects.toThrow()
  await expect(client.kafka.admin().connect()).rejects.toThrow('destroyed')
})
