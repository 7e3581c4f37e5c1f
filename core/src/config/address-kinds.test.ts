import { describe, expect, test } from 'vitest'
import {
  address,
  addresses,
  httpUrl,
  listenHost,
  mongoUrl,
  otlpEndpoint,
  postgresUrl,
  redisUrl,
} from './address-kinds.ts'

const host = listenHost('127.0.0.1', '')
const one = address('', '')
const brokers = addresses('a:1', '')
const postgres = postgresUrl('', '')
const mongo = mongoUrl('', '')
const redis = redisUrl('', '')
const otlp = otlpEndpoint('')
const api = httpUrl('')

describe('an address in a setting', () => {
  test.each([
    [host, '[::1]', '::1'],
    [one, '[::1]:5002', '[::1]:5002'],
    [one, '', ''],
    [brokers, 'a:1, [::1]:19092', ['a:1', '[::1]:19092']],
    [postgres, 'postgres://me@[::1]:5432/shop?sslmode=verify-full', undefined],
    [postgres, 'postgresql:///shop?host=/var/run/postgresql', undefined],
    [mongo, 'mongodb://a:1,b:2,[::1]:3/shop?replicaSet=rs0', undefined],
    [mongo, 'mongodb+srv://me:p%40ss@cluster.example/shop', undefined],
    [redis, 'rediss://:secret@[::1]:6379/2', undefined],
    [redis, 'redis://cache', undefined],
    [otlp, 'http://collector:4318', undefined],
    [otlp, 'http://collector:4318/', 'http://collector:4318'],
    [otlp, 'https://collector/otlp//', 'https://collector/otlp'],
    [otlp, '', ''],
    [api, 'https://shop.example/reader/', 'https://shop.example/reader'],
    [api, '', ''],
  ])('case %#: is accepted in the form that its client uses', (kind, text, value) => {
    expect(kind.parse(text)).toEqual(value ?? text)
  })

  test.each([
    [host, '127.0.0.1:5001', 'without a port'],
    [one, '::1:5002', 'an IPv6 address is in brackets'],
    [brokers, 'a:1,b', 'expected host:port'],
    [brokers, 'a:1,,b:2', 'expected host:port'],
    [brokers, '::1:19092', '[::1]:5432'],
    [brokers, 'kafka://a:1', 'expected host:port'],
    [postgres, 'postgres://db', 'postgres://user@host:port/database'],
    [postgres, 'postgres:///shop', 'with one host'],
    [postgres, 'postgres://a:1,b:2/shop', 'with one host'],
    [postgres, 'postgres://db:0/shop', 'a port is a number from 1 to 65535'],
    [postgres, 'postgres://me:100%@db/shop', 'expected a URL like postgres://'],
    [mongo, 'mongodb://a:1', 'mongodb://host:port/database'],
    [mongo, 'mongodb:///shop', 'with the database'],
    [mongo, 'mongodb+srv://a:1/shop', 'one host without a port'],
    [mongo, 'mongodb://a:1,/shop', 'an IPv6 address is in brackets'],
    [redis, 'redis://a:1/x', 'the number of a database'],
    [redis, 'redis:///1', 'with one host'],
    [redis, 'redis://a,b', 'with one host'],
    [otlp, 'http://collector:4318/v1/traces', 'without /v1/traces'],
    [otlp, 'http://collector:4318?x=1', 'with one host'],
    [api, 'https://shop.example?x=1', 'without a query'],
    [otlp, 'grpc://collector:4317', 'expected a URL like http://host:port'],
  ])(
    'case %#: a value that its client cannot use is rejected, and the message says what to write',
    (kind, text, right) => {
      expect(() => kind.parse(text)).toThrow(right)
    },
  )
})
