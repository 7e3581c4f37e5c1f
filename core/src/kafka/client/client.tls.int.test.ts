import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import tls from 'node:tls'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { throwAwayDir } from '@lockstep/testkit/throw-away-dir.ts'
import { createClient, type KafkaSettings } from './client.ts'
import { recordingLog } from '@lockstep/testkit/recording-log.ts'

test('the client uses TLS with brokers of the configured authority, and with no others', async () => {
  await using folder = await throwAwayDir()
  const [keyFile, certFile] = [join(folder.dir, 'key.pem'), join(folder.dir, 'cert.pem')]
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-keyout', keyFile, '-out', certFile],
  ])
  const [key, cert] = [await readFile(keyFile), await readFile(certFile)]

  let secured = 0
  const broker = tls.createServer({ key, cert }, (socket) => {
    secured++
    socket.on('error', () => {}).end()
  })
  broker.listen(0, '127.0.0.1')
  await once(broker, 'listening')
  const { port } = broker.address() as AddressInfo
  const connect = async (trust: KafkaSettings['tls']) => {
    const settings = { brokers: [`127.0.0.1:${port}`], clientId: 'test', tls: trust ?? false }
    const client = createClient(settings, recordingLog())
    const failure = await client.kafka.admin().connect().then(String, String)
    client.destroy()
    return failure
  }

  expect(await connect(true)).toContain('self-signed certificate')
  expect(secured).toBe(0)
  await connect({ ca: cert })
  expect(secured).toBeGreaterThan(0)
  broker.close()
})
