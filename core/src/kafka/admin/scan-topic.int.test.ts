import net from 'node:net'
import { afterEach, expect, inject, test, vi } from 'vitest'
import { scanTopic } from './scan-topic.ts'
import { recordingLog } from '@lockstep/testkit/recording-log.ts'
import { kafkaFixture, texts } from '@lockstep/testkit/kafka/kafka-fixture.ts'

afterEach(() => vi.restoreAllMocks())

// An error without a handler would end the service: it fails the run of the tests too.
test('brokers that fall silent in the middle of a scan fail that scan, and nothing else', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'))
  await fixture.produce(texts('1'))
  const connect = net.connect.bind(net) as (...args: unknown[]) => net.Socket
  const opened: net.Socket[] = []
  let swallowed = 0
  vi.spyOn(net, 'connect').mockImplementation((...args: unknown[]) => {
    // The offsets were read and their connections left: from here on the network swallows packets, then it is down.
    // Swallowing takes 3 s for each connection, longer than the first look at the records that are awaited.
    if (opened.length > 0 && opened.every(({ writableEnded }) => writableEnded)) {
      if (++swallowed > 2) throw new Error('the network is down')
      return new net.Socket()
    }
    const socket = connect(...args)
    opened.push(socket)
    return socket
  })
  const scan = scanTopic({ kafka: fixture.kafka, log: recordingLog(), topic: fixture.topic }, () => {})
  await expect(scan).rejects.toThrow('the network is down')
  expect(swallowed).toBeGreaterThan(2)
})
