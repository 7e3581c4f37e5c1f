import { expect, test } from 'vitest'
import { composeEnvironment } from './docker.ts'
import { localPort, postgresNames, readStackSettings, serviceAddress, settingOfPort } from './settings.ts'
import { partsOf } from './stack-processes.ts'
import { overview } from './status-text.ts'

const servers = (env: Record<string, string>) => partsOf(readStackSettings(env)).map(({ name }) => name)

test('a server is started if its address is one port of this machine', () => {
  expect(servers({})).toEqual(expect.arrayContaining(['postgres', 'kafka', 'mongo', 'redis']))
  const settings = readStackSettings({ MONGO_URL: 'mongodb://127.0.0.1/shop' })
  expect(localPort(settings, 'MONGO_URL')).toBe(27_017)
})

test.each([
  ['mongo', { MONGO_URL: 'mongodb://a:1,b:2/shop?replicaSet=rs0' }],
  ['mongo', { MONGO_URL: 'mongodb://127.0.0.1:1,127.0.0.1:2/shop' }],
  ['mongo', { MONGO_URL: 'mongodb+srv://cluster.example/shop' }],
  ['postgres', { POSTGRES_URL: 'postgres://me@[::1]:5432/shop' }],
  ['postgres', { POSTGRES_URL: 'postgres:///shop?host=/var/run/postgresql' }],
  ['kafka', { KAFKA_BROKERS: '[::1]:9092,b:9092' }],
  ['redis', { REDIS_URL: 'rediss://cache.example' }],
])('%s is not started for %j, and the stack can be described', (name, env) => {
  const settings = readStackSettings(env)
  expect(servers(env)).not.toContain(name)
  expect(overview(settings, 'native', 'running')).toContain(Object.values(env)[0])
  expect(settingOfPort(settings, settings.WRITER_HTTP_PORT)).toBe('WRITER_HTTP_PORT')
})

test('the overview shows no password', () => {
  const POSTGRES_URL = 'postgres://me:hunter2@db.example/shop'
  const settings = readStackSettings({ POSTGRES_URL })
  expect(overview(settings, 'native', 'running')).not.toContain('hunter2')
})

test('the user and the database of Postgres are decoded', () => {
  expect(postgresNames('postgres://a%40b:p@127.0.0.1:1/my%20shop?sslmode=disable')).toEqual({
    user: 'a@b',
    database: 'my shop',
  })
})

test.each([
  ['127.0.0.1', '127.0.0.1:5001'],
  ['0.0.0.0', '127.0.0.1:5001'],
  ['::', '[::1]:5001'],
  ['[::1]', '[::1]:5001'],
])('a writer that listens on %s is reached at %s', (host, address) => {
  expect(serviceAddress(readStackSettings({ WRITER_HOST: host }), 'WRITER_HTTP_PORT')).toBe(address)
})

test('in containers, an address of this machine becomes a published port and the server of compose', () => {
  const env = composeEnvironment(
    readStackSettings({
      POSTGRES_URL: 'postgres://me@127.0.0.1:25432/shop?sslmode=disable',
      KAFKA_BROKERS: '127.0.0.1:29092',
      MONGO_URL: 'mongodb://a:1,b:2/shop',
      READER_WRITER_GRPC: '127.0.0.1:5002',
      WRITER_HTTP_PORT: '25001',
    }),
  )
  expect(env).toMatchObject({
    POSTGRES_URL: 'postgres://me@postgres:5432/shop?sslmode=disable',
    LOCAL_POSTGRES_PORT: '25432',
    LOCAL_POSTGRES_USER: 'me',
    LOCAL_POSTGRES_DATABASE: 'shop',
    KAFKA_BROKERS: 'kafka:9092',
    LOCAL_KAFKA_PORT: '29092',
    REDIS_URL: 'redis://redis:6379',
    READER_WRITER_GRPC: 'writer:5002',
    WRITER_HTTP_PORT: '25001',
  })
  // Another address reaches the containers as it is written in .env.
  expect(env).not.toHaveProperty('MONGO_URL')
  expect(env).not.toHaveProperty('OTLP_ENDPOINT')
})
