import { describe, expect, test } from 'vitest'
import {
  hostPortText,
  isLoopback,
  maskUrl,
  parseAddress,
  parseHost,
  parseServerUrl,
  serverUrlText,
} from './address.ts'

describe('a host', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['localhost', 'localhost'],
    ['kafka_1.internal', 'kafka_1.internal'],
    ['::', '::'],
    ['[::]', '::'],
    ['[::1]', '::1'],
    ['fe80::1', 'fe80::1'],
  ])('%s is accepted, and has no brackets afterwards', (text, host) => {
    expect(parseHost(text)).toBe(host)
  })

  test.each([
    '',
    ' ',
    '[',
    '[]',
    '[db]',
    '[127.0.0.1]',
    'db:5432',
    '[::1]:1',
    '300.0.0.1',
    '1.2.3',
    'a b',
    'a/b',
  ])('%j is rejected, and the message says what to write', (text) =>
    expect(() => parseHost(text)).toThrow('such as 127.0.0.1, 0.0.0.0 or ::'),
  )
})

describe('a host with a port', () => {
  test.each([
    ['db:5432', { host: 'db', port: 5432 }],
    ['[::1]:19092', { host: '::1', port: 19_092 }],
    ['10.0.0.1:1', { host: '10.0.0.1', port: 1 }],
  ])('%s is accepted, and is written in the same way', (text, address) => {
    expect(parseAddress(text)).toEqual(address)
    expect(hostPortText(address)).toBe(text)
  })

  test.each([
    '',
    'db',
    'db:',
    ':5432',
    'db:0',
    'db:65536',
    'db:-1',
    'db:1e3',
    'db:0x10',
    '::1',
    '::1:19092',
    '[::1]',
    '[::1]19092',
    '[db]:1',
    'http://db:1',
    'a:1:2',
    'user@db:1',
  ])('%j is rejected, and the message says what to write', (text) => {
    expect(() => parseAddress(text)).toThrow(
      'expected host:port, such as db:5432; an IPv6 address is in brackets',
    )
  })
})

describe('a URL of a server', () => {
  test('may have several hosts, credentials and a query', () => {
    const text = 'mongodb://u:p%40@a:1,[::1]:2,c/shop?replicaSet=rs0'
    const url = parseServerUrl(text, ['mongodb'])
    expect(url).toEqual({
      scheme: 'mongodb',
      credentials: 'u:p%40@',
      hosts: [
        { host: 'a', port: 1 },
        { host: '::1', port: 2 },
        { host: 'c', port: undefined },
      ],
      rest: '/shop?replicaSet=rs0',
    })
    expect(serverUrlText(url)).toBe(text)
  })

  test.each([
    'db:1',
    'mysql://db',
    'redis:/db',
    'redis://db:x',
    'redis://db:99999',
    'redis://a,,b',
    'redis://::1',
  ])('%j is rejected', (text) =>
    expect(() => parseServerUrl(text, ['redis', 'rediss'])).toThrow('expected a URL like redis://host:port'),
  )

  test.each([
    ['postgres://me:hunter2@db:5432/shop', 'postgres://me:***@db:5432/shop'],
    ['mongodb://me:hunter2@a:1,b:2/shop', 'mongodb://me:***@a:1,b:2/shop'],
    ['redis://:hunter2@[::1]:1', 'redis://:***@[::1]:1'],
    ['postgres://db/shop?sslPassword=hunter2&ssl=true', 'postgres://db/shop?sslPassword=***&ssl=true'],
    ['postgres://me:hun/ter2@db/shop', '***'],
    ['hunter2', '***'],
  ])('%s is shown as %s', (text, shown) => {
    expect(maskUrl(text)).toBe(shown)
  })
})

test.each([
  ['127.0.0.1', true],
  ['127.1.2.3', true],
  ['::1', true],
  ['localhost', true],
  ['a.localhost', true],
  ['0.0.0.0', false],
  ['127.example', false],
  ['notlocalhost', false],
])('whether %s is this machine: %s', (host, loopback) => {
  expect(isLoopback(host)).toBe(loopback)
})
