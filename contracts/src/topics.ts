/** Topics, consumer groups and record headers: the names that the services and their operators share. */

/** The events of an aggregate: `product.events`. */
export const eventsTopic = (aggregate: string): string => `${aggregate}.events`

/** The consumer group of a read model: `product-projection`. */
export const projectionGroup = (readModel: string): string => `${readModel}-projection`

export const errorTopicSuffix = '.errors'

/** The dead-letter topic of a consumer group: the records that it can never handle. */
export const errorTopic = (group: string): string => `${group}${errorTopicSuffix}`

/** The records that an operator redrove for a consumer group. */
export const retryTopic = (group: string): string => `${group}.retry`

/** The resolutions of a group's dead letters: redriven or discarded. */
export const errorStateTopic = (group: string): string => `${group}.errors.state`

/** CloudEvents 1.0, Kafka protocol binding, binary mode. */
export const eventHeaders = {
  specVersion: 'ce_specversion',
  id: 'ce_id',
  type: 'ce_type',
  source: 'ce_source',
  time: 'ce_time',
  contentType: 'content-type',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
} as const

/** The headers that describe a dead letter. The headers of the original record stay beside them. */
export const errorHeaders = {
  topic: 'x-original-topic',
  partition: 'x-original-partition',
  offset: 'x-original-offset',
  timestamp: 'x-original-timestamp',
  errorClass: 'x-error-class',
  errorMessage: 'x-error-message',
  attempts: 'x-attempts',
  firstFailedAt: 'x-first-failed-at',
  consumerGroup: 'x-consumer-group',
} as const

/** Why a record can never be handled. */
export type ErrorClass = 'undecodable' | 'unknown_type' | 'invariant'
