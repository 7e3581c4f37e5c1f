/**
 * How to react to a crash of the kafkajs consumer.
 * - `outage`: brokers are unavailable or busy; restart, as often as it takes.
 * - `fatal`: a restart fails in the same way until a setting or a permission changes.
 * - `unexplained`: restart, but only a few times.
 */
export type CrashKind = 'outage' | 'fatal' | 'unexplained'

type KafkaJsError = Error & { type?: string; retriable?: boolean }

/** Error names are from kafkajs (src/errors.js), types from the Kafka protocol. */
const fatal = new Set([
  'KafkaJSNotImplemented', // a batch in a compression codec that kafkajs lacks
  'KafkaJSSASLAuthenticationError',
  'KafkaJSServerDoesNotSupportApiKey',
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'INVALID_GROUP_ID',
  'INVALID_SESSION_TIMEOUT',
  'INVALID_TOPIC_EXCEPTION',
])

/** kafkajs does not mark these as retriable, although unavailable brokers cause them. */
const outage = new Set([
  'KafkaJSLockTimeout',
  'KafkaJSGroupCoordinatorNotFound',
  'BROKER_NOT_AVAILABLE',
  'UNKNOWN',
])

export function crashKind(error: Error): CrashKind {
  const causes: KafkaJsError[] = [error]
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) causes.push(cause)
  const names = causes.flatMap(({ name, type }) => (type === undefined ? [name] : [name, type]))
  if (names.some((name) => fatal.has(name))) return 'fatal'
  if (causes.some(({ retriable }) => retriable === true) || names.some((name) => outage.has(name)))
    return 'outage'
  return 'unexplained'
}
