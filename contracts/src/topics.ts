/** Topics, consumer groups and record headers: the names that the services and their operators share. */

/** The events of an aggregate: `product.events`. */
export const eventsTopic = (aggregate: string): string => `${aggregate}.events`

/** The consumer group of a read model: `product-projection`. */
export const projectionGroup = (readModel: string): string => `${readModel}-projection`

export const topics = {
  productEvents: 'product.events',
} as const

export const groups = {
  productProjection: 'product-projection',
} as const

/** Where a consumer group puts the records that it will never be able to handle. */
export const errorTopic = (group: string): string => `${group}.errors`

/** Where an operator puts records back for one consumer group. */
export const retryTopic = (group: string): string => `${group}.retry`

/** What became of a group's error records: redriven or discarded. */
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
} as const

/** What a record on an error topic says about the record that it was, beside that record's own headers. */
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
