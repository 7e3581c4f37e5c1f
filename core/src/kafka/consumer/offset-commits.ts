import type { EachBatchPayload, TopicPartitionOffset } from 'kafkajs'
import { backoff } from '../../async/backoff.ts'
import { wakeUp } from '../../async/wake-up.ts'
import type { KafkaLog } from '../client/client.ts'
import { partitionKey } from './batch.ts'

export type OffsetCommits = {
  /**
   * Commits this offset, the first that is not finished, at once or together with what follows until the next commit.
   * Any payload of the current assignment can commit it.
   */
  commitSoon: (payload: CommitPayload, next: TopicPartitionOffset) => void
  /** Drops what is not committed: the consumer has another assignment, and the records are redelivered. */
  forget: () => void
  /** Resolves when what is finished now is committed, or could not be. */
  flush: () => Promise<void>
  close: () => void
}

type CommitPayload = Pick<EachBatchPayload, 'commitOffsetsIfNecessary'>

/**
 * Shortest time between two commits of a consumer. A commit takes about as much of the broker's CPU time as a batch of
 * events, and it waits for the coordinator's linger. After a crash, what was handled since the last one is repeated.
 */
const PAUSE_MS = 100

/**
 * Commits the offsets of finished batches beside the batches. kafkajs would commit after the batch of each partition,
 * and fetch again only after the last of these commits. A commit that fails is repeated.
 */
export function offsetCommits(group: string, log: KafkaLog, maxBackoffMs: number): OffsetCommits {
  let payload: CommitPayload | undefined
  let waiting = new Map<string, TopicPartitionOffset>()
  let inFlight: Promise<void> = Promise.resolve()
  const end = wakeUp()
  let running = false
  let failures = 0
  let assignment = 0
  let closed = false

  async function commit(): Promise<void> {
    if (waiting.size === 0) return
    const [sent, sentIn] = [waiting, assignment]
    waiting = new Map()
    try {
      await payload?.commitOffsetsIfNecessary(byTopic([...sent.values()]))
      failures = 0
    } catch (error) {
      failures++
      if (sentIn === assignment) waiting = new Map([...sent, ...waiting])
      log.debug({ err: error, group, failures }, 'offsets could not be committed')
    }
  }

  async function commitWhileNeeded(): Promise<void> {
    running = true
    while (waiting.size > 0 && !closed) {
      await (inFlight = commit())
      await end.wait(failures > 0 ? backoff(failures, maxBackoffMs) : PAUSE_MS)
    }
    running = false
  }

  return {
    commitSoon(latest, next) {
      payload = latest
      waiting.set(partitionKey(next), next)
      if (!running) void commitWhileNeeded()
    },
    forget() {
      assignment++
      waiting.clear()
    },
    async flush() {
      await inFlight
      await commit()
    },
    close() {
      closed = true
      end.call()
    },
  }
}

function byTopic(offsets: readonly TopicPartitionOffset[]) {
  const partitionsOf = Map.groupBy(offsets, ({ topic }) => topic)
  const topics = [...partitionsOf].map(([topic, ofTopic]) => ({
    topic,
    partitions: ofTopic.map(({ partition, offset }) => ({ partition, offset })),
  }))
  return { topics }
}
