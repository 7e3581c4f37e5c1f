import type { EachBatchPayload } from 'kafkajs'
import { backoff } from '../../async/backoff.ts'
import { wakeUp } from '../../async/wake-up.ts'
import type { KafkaLog } from '../client/client.ts'

export type OffsetCommits = {
  /** Commits what is resolved, at once or together with what is resolved until the next commit. */
  commitSoon: (payload: CommitPayload) => void
  /** Resolves when what is resolved now is committed, or could not be. */
  flush: () => Promise<void>
  close: () => void
}

type CommitPayload = Pick<EachBatchPayload, 'commitOffsetsIfNecessary' | 'uncommittedOffsets'>

/**
 * Shortest time between two commits of a consumer. A commit takes about as much of the broker's CPU time as a batch of
 * events, and it waits for the coordinator's linger. After a crash, what was handled since the last one is repeated.
 */
const PAUSE_MS = 100

/**
 * Commits resolved offsets beside the batches. kafkajs would commit after the batch of each partition, and fetch again
 * only after the last of these commits. A commit that fails is repeated, until the consumer gets another assignment:
 * then kafkajs has dropped the offsets, and the records are redelivered.
 */
export function offsetCommits(group: string, log: KafkaLog, maxBackoffMs: number): OffsetCommits {
  let latest: CommitPayload | undefined
  let inFlight: Promise<void> = Promise.resolve()
  const end = wakeUp()
  let running = false
  let failures = 0
  let closed = false

  async function commit(): Promise<void> {
    const payload = latest
    latest = undefined
    try {
      await payload?.commitOffsetsIfNecessary(payload.uncommittedOffsets())
      failures = 0
    } catch (error) {
      failures++
      latest ??= payload
      log.debug({ err: error, group, failures }, 'offsets could not be committed')
    }
  }

  async function commitWhileNeeded(): Promise<void> {
    running = true
    while (latest && !closed) {
      await (inFlight = commit())
      await end.wait(failures > 0 ? backoff(failures, maxBackoffMs) : PAUSE_MS)
    }
    running = false
  }

  return {
    commitSoon(payload) {
      latest = payload
      if (!running) void commitWhileNeeded()
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
