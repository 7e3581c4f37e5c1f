import { errorStateTopic, errorTopic, groups, retryTopic, topics } from './topics.ts'

/** How a topic has to be. Whatever differs in an existing topic is reported; `ensureTopics` mends what is safe. */
export type TopicSpec = {
  topic: string
  /** Never raised later: a key's records would move to another partition and lose their order. */
  partitions: number
  cleanupPolicy: 'delete' | 'compact'
  /** Milliseconds; left out for compacted topics, which keep the last record of each key. */
  retentionMs?: number
  /** Bytes of the largest record batch, after compression. */
  maxMessageBytes: number
}

const days = (n: number) => n * 24 * 60 * 60 * 1_000

const mebibyte = 1_048_576

/** The group's own topics, with room on the error topic for the largest source record and the `x-` headers. */
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

/** Every topic that the setup step makes. */
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
