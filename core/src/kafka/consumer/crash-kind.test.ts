import { expect, test } from 'vitest'
import { crashKind } from './crash-kind.ts'
import { kafkaJsError } from '../testing/kafkajs-error.ts'

// Trap 3.
test('an outage of the brokers is waited out; an error that no restart can fix is fatal', () => {
  const leader = kafkaJsError('KafkaJSProtocolError', { type: 'LEADER_NOT_AVAILABLE', retriable: true })
  expect(crashKind(leader)).toBe('outage')
  expect(crashKind(kafkaJsError('KafkaJSNonRetriableError', { retriable: false, cause: leader }))).toBe(
    'outage',
  )
  expect(crashKind(kafkaJsError('KafkaJSLockTimeout', { retriable: false }))).toBe('outage')

  expect(crashKind(kafkaJsError('KafkaJSSASLAuthenticationError', { retriable: false }))).toBe('fatal')
  const codec = kafkaJsError('KafkaJSNotImplemented', { retriable: false })
  expect(crashKind(kafkaJsError('KafkaJSNonRetriableError', { retriable: false, cause: codec }))).toBe(
    'fatal',
  )
  const denied = { type: 'GROUP_AUTHORIZATION_FAILED', retriable: false }
  expect(crashKind(kafkaJsError('KafkaJSProtocolError', denied))).toBe('fatal')

  expect(crashKind(new TypeError('undefined is not a function'))).toBe('unexplained')
})
