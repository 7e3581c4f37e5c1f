import { expect, test } from 'vitest'
import { kafkaSettings } from '../../config/setting-groups.ts'
import { readSettings } from '../../config/settings.ts'
import { kafkaClientSettings } from './settings.ts'

const read = (env: Record<string, string>) => kafkaClientSettings(readSettings(kafkaSettings, env), 'client')

test('without credentials the client uses plain text', () => {
  expect(read({ KAFKA_BROKERS: 'a:1, b:2' })).toEqual({
    brokers: ['a:1', 'b:2'],
    clientId: 'client',
    tls: false,
  })
})

test('TLS, its authority and SASL come from the settings', () => {
  const env = {
    KAFKA_TLS: 'true',
    KAFKA_TLS_CA_FILE: import.meta.filename,
    KAFKA_SASL_MECHANISM: 'scram-sha-512',
    KAFKA_SASL_USERNAME: 'u',
    KAFKA_SASL_PASSWORD: 'p',
  }
  expect(read(env)).toMatchObject({
    tls: { ca: expect.any(Buffer) },
    sasl: { mechanism: 'scram-sha-512', username: 'u', password: 'p' },
  })
  expect(() => read({ ...env, KAFKA_TLS_CA_FILE: '/no/such/file' })).toThrow('ENOENT')
})
