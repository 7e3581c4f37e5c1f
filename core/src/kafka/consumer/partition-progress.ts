import { partitionKey, type TopicPartition } from './batch.ts'

/** What a consumer remembers of one partition between its batches. */
export type PartitionProgress = {
  /** The last batch that was begun. Never rejects. */
  inFlight: Promise<void>
  /** The last batch has ended before `offset`: no later record may be handled first. */
  mustRestartAt: (offset: bigint) => void
  /**
   * Where to restart instead of handling a batch that starts with `first`; undefined if the batch may be handled. Such
   * a batch was fetched before the failure of the one before it. If it comes a second time, the records between no
   * longer exist at the broker.
   */
  restartBefore: (first: bigint) => bigint | undefined
}

export type AllProgress = {
  of: (partition: TopicPartition) => PartitionProgress
  /** Resolves when no batch is in flight. */
  idle: () => Promise<void>
}

export function partitionProgress(): AllProgress {
  const partitions = new Map<string, PartitionProgress>()
  return {
    of(partition) {
      const key = partitionKey(partition)
      const progress = partitions.get(key) ?? newProgress()
      partitions.set(key, progress)
      return progress
    },
    async idle() {
      await Promise.all([...partitions.values()].map(({ inFlight }) => inFlight))
    },
  }
}

function newProgress(): PartitionProgress {
  let restart: { at: bigint; refused?: bigint } | undefined
  return {
    inFlight: Promise.resolve(),
    mustRestartAt(at) {
      restart = { at }
    },
    restartBefore(first) {
      if (restart && first > restart.at && first !== restart.refused) {
        restart.refused = first
        return restart.at
      }
      restart = undefined
      return undefined
    },
  }
}
