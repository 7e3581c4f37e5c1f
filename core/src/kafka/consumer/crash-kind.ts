/**
 * What a crash of the kafkajs consumer calls for.
 * - `outage`: brokers are away or busy; start again, for as long as it takes.
 * - `fatal`: it will be the same next time until somebody changes something.
 * - `unexplained`: start again, but not for ever.
 */
export type CrashKind = 'outage' | 'fatal' | 'unexplained'

type KafkaJsError = Error & { type?: string; retriable?: boolean }

/** Error names are kafkajs's (src/errors.js); types are the protocol's. */
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

/** Not marked as retriable by kafkajs, though they come from brokers that are not there. */
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
