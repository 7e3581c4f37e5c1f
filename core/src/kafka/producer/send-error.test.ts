import { expect, test } from 'vitest'
import { classifySendError } from './send-error.ts'
import { kafkaJsError } from '../testing/kafkajs-error.ts'

test('the failure of a send says whether to retry, to send smaller parts, or not to retry', () => {
  const replicas = kafkaJsError('KafkaJSProtocolError', { type: 'NOT_ENOUGH_REPLICAS', retriable: true })
  const large = kafkaJsError('KafkaJSProtocolError', { type: 'MESSAGE_TOO_LARGE', retriable: false })
  const failures: [Error, string][] = [
    [kafkaJsError('KafkaJSConnectionError', { retriable: true }), 'unavailable'],
    [kafkaJsError('KafkaJSNumberOfRetriesExceeded', { retriable: false, cause: replicas }), 'unavailable'],
    [new Error('no acknowledgement within 20000 ms'), 'unavailable'],
    [large, 'too_large'],
    [kafkaJsError('KafkaJSNonRetriableError', { retriable: false, cause: large }), 'too_large'],
    [kafkaJsError('KafkaJSProtocolError', { type: 'RECORD_LIST_TOO_LARGE', retriable: false }), 'too_large'],
    [
      kafkaJsError('KafkaJSProtocolError', { type: 'UNKNOWN_TOPIC_OR_PARTITION', retriable: true }),
      'refused',
    ],
    [
      kafkaJsError('KafkaJSProtocolError', { type: 'TOPIC_AUTHORIZATION_FAILED', retriable: false }),
      'refused',
    ],
    [
      kafkaJsError('KafkaJSNonRetriableError', { retriable: false, cause: new TypeError('headers') }),
      'refused',
    ],
  ]
  for (const [error, failure] of failures) {
    const classified = classifySendError(error)
    expect(classified).toMatchObject({ failure, retryable: failure === 'unavailable', cause: error })
  }
})
