import { errorStateTopic, errorTopic, groups, retryTopic, topics } from './topics.ts'

/** The required settings of a topic. `ensureTopics` reports how an existing topic differs, and repairs what is safe. */
export type TopicSpec = {
  topic: string
  /** Never changed later: a key's records would move to another partition and lose their order. */
  partitions: number
  cleanupPolicy: 'delete' | 'compact'
  /** Milliseconds; unset for compacted topics, which keep the last record of each key. */
  retentionMs?: number
  /** Bytes of the largest record batch, after compression. */
  maxMessageBytes: number
}

const days = (n: number) => n * 24 * 60 * 60 * 1_000

const mebibyte = 1_048_576

/** The topics of a group. The error and retry topics have room for the largest source record and the `x-` headers. */
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

/** Every topic that the setup step creates. */
export const topicSpecs: readonly TopicSpec[] = [
  {
    topic: topics.productEvents,
    partitions: 6,
    cleanupPolicy: 'delete',
    retentionMs: days(7),
    maxMessageBytes: mebibyte,
  },
  ...groupTopics(groups.productProjection),
]
