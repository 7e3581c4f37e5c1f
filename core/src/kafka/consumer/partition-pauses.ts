import { partitionKey, type PauseReason, type TopicPartition } from './batch.ts'

type Pausable = {
  pause(topics: { topic: string; partitions: number[] }[]): void
  resume(topics: { topic: string; partitions: number[] }[]): void
}

export type PartitionPauses = {
  /** Stops fetching the partition for a time. */
  pause(partition: TopicPartition, reason: PauseReason, ms: number): void
  /**
   * Resumes everything. kafkajs keeps its pauses over a rebalance, including those of partitions that moved to another
   * member and may return. A partition that still has to wait is paused again after its next batch.
   */
  resumeAll(): void
}

/** `onChange` receives the number of paused partitions of that reason after each change. */
export function partitionPauses(
  consumer: Pausable,
  onChange: (reason: PauseReason, count: number) => void,
): PartitionPauses {
  const paused = new Map<string, { at: TopicPartition; reason: PauseReason; timer: NodeJS.Timeout }>()

  const report = (reason: PauseReason) =>
    onChange(reason, [...paused.values()].filter((pause) => pause.reason === reason).length)

  const resume = (key: string) => {
    const pause = paused.get(key)
    if (!pause) return
    clearTimeout(pause.timer)
    paused.delete(key)
    report(pause.reason)
    try {
      consumer.resume([{ topic: pause.at.topic, partitions: [pause.at.partition] }])
    } catch {
      // kafkajs refuses after it has stopped or crashed; its pauses end with it.
    }
  }

  return {
    pause(at, reason, ms) {
      const key = partitionKey(at)
      resume(key)
      consumer.pause([{ topic: at.topic, partitions: [at.partition] }])
      paused.set(key, { at, reason, timer: setTimeout(() => resume(key), ms) })
      report(reason)
    },
    resumeAll() {
      for (const key of paused.keys()) resume(key)
    },
  }
}
