import net from 'node:net'
import { afterEach, expect, inject, test, vi } from 'vitest'
import { scanTopic } from './scan-topic.ts'
import { playground, rememberingLog, texts } from '../testing/harness.ts'

afterEach(() => vi.restoreAllMocks())

// An error without a handler would end the service: it fails the run of the tests too.
test('brokers that fall silent in the middle of a scan fail that scan, and nothing else', async () => {
  await using place = await playground(inject('kafkaBrokers'))
  await place.produce(texts('1'))
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
  const scan = scanTopic({ kafka: place.kafka, log: rememberingLog(), topic: place.topic }, () => {})
  await expect(scan).rejects.toThrow('the network is down')
  expect(swallowed).toBeGreaterThan(2)
})
