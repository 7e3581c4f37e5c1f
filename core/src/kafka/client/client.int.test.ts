import { setTimeout as delay } from 'node:timers/promises'
import { expect, inject, test, vi } from 'vitest'
import { createClient } from './client.ts'
import { recordingLog } from '@lockstep/testkit/recording-log.ts'
import { kafkaFixture, texts } from '@lockstep/testkit/kafka/kafka-fixture.ts'
import { consumeText } from '@lockstep/testkit/kafka/text-consumer.ts'

// Trap 7, on live connections.
test('an idle consumer sets no timers of a millisecond and causes no Node warning', async () => {
  const warnings: Error[] = []
  const warned = (warning: Error) => warnings.push(warning)
  process.on('warning', warned)
  await using fixture = await kafkaFixture(inject('kafkaBrokers'))
  await fixture.produce(texts('1'))
  await using consumer = consumeText(fixture)
  await expect.poll(() => consumer.applied).toEqual(['1'])
  const timers = vi.spyOn(globalThis, 'setTimeout')
  await delay(500)
  const short = timers.mock.calls.filter(([, ms]) => !(ms !== undefined && ms > 1))
  timers.mockRestore()
  process.off('warning', warned)
  expect(short).toEqual([])
  expect(warnings).toEqual([])
})

test('a destroyed client closes its connections and opens no new ones', async () => {
  const client = createClient({ brokers: inject('kafkaBrokers'), clientId: 'test' }, recordingLog())
  const admin = client.kafka.admin()
  await admin.connect()
  client.destroy()
  await expect(admin.listTopics()).rejects.toThrow()
  await expect(client.kafka.admin().connect()).rejects.toThrow('destroyed')
})
