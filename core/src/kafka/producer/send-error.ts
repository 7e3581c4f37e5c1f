/**
 * Why a send failed.
 * - `unavailable`: no acknowledgement in time. The records may be in the topic or not: send them again.
 * - `too_large`: the batch exceeds the topic's `max.message.bytes`. Send fewer records at a time; a single record that
 *   is too large never fits.
 * - `refused`: a retry cannot help (no such topic, no permission, headers that cannot be encoded).
 */
export type SendFailure = 'unavailable' | 'too_large' | 'refused'

export class SendError extends Error {
  override readonly name = 'SendError'
  readonly failure: SendFailure

  constructor(failure: SendFailure, cause: unknown) {
    super(`Kafka send failed (${failure}): ${rootOf(cause).message}`, { cause })
    this.failure = failure
  }

  /** Whether the same send may succeed later without any other change. */
  get retryable(): boolean {
    return this.failure === 'unavailable'
  }
}

/** Protocol error names: https://kafka.apache.org/protocol#protocol_error_codes */
const tooLarge = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'])
const transientTypes = new Set(['UNKNOWN', 'BROKER_NOT_AVAILABLE'])

export function classifySendError(error: unknown): SendError {
  if (error instanceof SendError) return error
  const { name, type, retriable } = rootOf(error)
  if (type !== undefined && tooLarge.has(type)) return new SendError('too_large', error)
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION') return new SendError('refused', error)
  const transient = type === undefined ? retriable !== false && !programming.has(name) : retriable !== false
  return new SendError(transient || transientTypes.has(type ?? '') ? 'unavailable' : 'refused', error)
}

const programming = new Set(['RangeError', 'ReferenceError', 'SyntaxError', 'TypeError'])

type KafkaJsError = Error & { type?: string; retriable?: boolean }

/** kafkajs wraps the original error in KafkaJSNumberOfRetriesExceeded and KafkaJSNonRetriableError. */
function rootOf(error: unknown): KafkaJsError {
  let root = error instanceof Error ? error : new Error(String(error))
  while (root.cause instanceof Error) root = root.cause
  return root
}
