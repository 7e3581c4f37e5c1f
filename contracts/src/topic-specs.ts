import { errorStateTopic, errorTopic, eventsTopic, retryTopic } from './topics.ts'

/** The settings of a topic. `ensureTopics` reports the differences of an existing topic and repairs the safe ones. */
export type TopicSpec = {
  topic: string
  /** Never changed later: a key's records would move to another partition and lose their order. */
  partitions: number
  cleanupPolicy: 'delete' | 'compact'
  /** Milliseconds; absent for compacted topics, which keep the last record of each key. */
  retentionMs?: number
  /** Bytes of the largest record batch, after compression. */
  maxMessageBytes: number
}

const days = (n: number) => n * 24 * 60 * 60 * 1_000

const mebibyte = 1_048_576

const sourceTopic = (aggregate: string): TopicSpec => ({
  topic: eventsTopic(aggregate),
  partitions: 6,
  cleanupPolicy: 'delete',
  retentionMs: days(7),
  maxMessageBytes: mebibyte,
})

/** The topics of one consumer group. The error topic has room for the largest source record and the `x-` headers. */
const groupTopics = (group: string): TopicSpec[] => [
  {
    topic: errorTopic(group),
    partitions: 1,
    cleanupPolicy: 'delete',
    retentionMs: days(30),
    maxMessageBytes: 2 * mebibyte,
  },
  {
    topic: retryTopic(group),
    partitions: 1,
    cleanupPolicy: 'delete',
    retentionMs: days(7),
    maxMessageBytes: 2 * mebibyte,
  },
  { topic: errorStateTopic(group), partitions: 1, cleanupPolicy: 'compact', maxMessageBytes: mebibyte },
]

/** The topics of an installation: one of events per aggregate type, and those of each consumer group. */
export function topicSpecs(names: { aggregates: readonly string[]; groups: readonly string[] }): TopicSpec[] {
  return [...names.aggregates.map(sourceTopic), ...names.groups.flatMap(groupTopics)]
}
