import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { hasIpv6 } from '@lockstep/testkit/ipv6.ts'
import { recordingLog } from '@lockstep/testkit/recording-log.ts'
import { expect, inject, test } from 'vitest'
import { parseAddress } from '../../config/address.ts'
import { readSettings } from '../../config/settings.ts'
import { kafkaSettings } from '../../config/setting-groups.ts'
import { createClient } from './client.ts'
import { kafkaClientSettings } from './settings.ts'

test.skipIf(!hasIpv6)('a broker with an IPv6 address is reached', async () => {
  const broker = parseAddress(inject('kafkaBrokers')[0] ?? '')
  let connections = 0
  await using onIpv6 = createServer((client) => {
    connections++
    const upstream = connect(broker)
    for (const socket of [client, upstream]) socket.on('error', () => {})
    client.pipe(upstream).pipe(client)
  }).listen(0, '::1')
  await once(onIpv6, 'listening')
  const KAFKA_BROKERS = `[::1]:${(onIpv6.address() as AddressInfo).port}`
  const settings = kafkaClientSettings(readSettings(kafkaSettings, { KAFKA_BROKERS }), 'ipv6')
  const client = createClient(settings, recordingLog())
  const admin = client.kafka.admin()
  await admin.connect()
  const { brokers } = await admin.describeCluster()
  await admin.disconnect()
  client.destroy()
  expect(brokers).toMatchObject([broker])
  expect(connections).toBeGreaterThan(0)
})
