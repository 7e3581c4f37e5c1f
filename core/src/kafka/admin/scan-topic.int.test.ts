import net from 'node:net'
import { afterEach, expect, inject, test, vi } from 'vitest'
import { scanTopic } from './scan-topic.ts'
import { recordingLog } from '@lockstep/testkit/recording-log.ts'
import { kafkaFixture, texts } from '@lockstep/testkit/kafka/kafka-fixture.ts'

afterEach(() => vi.restoreAllMocks())

// An unhandled error would end the service. It also fails the test run.
test('brokers that stop responding during a scan fail that scan, and nothing else', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'))
  await fixture.produce(texts('1'))
  const connect = net.connect.bind(net) as (...args: unknown[]) => net.Socket
  const opened: net.Socket[] = []
  let dropped = 0
  vi.spyOn(net, 'connect').mockImplementation((...args: unknown[]) => {
    // The offsets were read and their connections closed. From here on the network drops packets, and then it is down.
    // Each connection that drops packets takes 3 s, so the scan stalls before the network is down.
    if (opened.length > 0 && opened.every(({ writableEnded }) => writableEnded)) {
      if (++dropped > 2) throw new Error('the network is down')
      return new net.Socket()
    }
    const socket = connect(...args)
    opened.push(socket)
    return socket
  })
  const scan = scanTopic({ kafka: fixture.kafka, log: recordingLog(), topic: fixture.topic }, () => {})
  await expect(scan).rejects.toThrow('the network is down')
  expect(dropped).toBeGreaterThan(2)
})
