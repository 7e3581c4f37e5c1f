export type PauseReason = 'retry' | 'flood'

type Partition = { topic: string; partition: number }

type Pausable = {
  pause(topics: { topic: string; partitions: number[] }[]): void
  resume(topics: { topic: string; partitions: number[] }[]): void
}

export type PartitionPauses = {
  /** Stops fetching the partition for a time. */
  pause(where: Partition, reason: PauseReason, ms: number): void
  /**
   * Resumes everything. kafkajs keeps its pauses over a rebalance, also those of partitions that went to another
   * member and may come back; whatever has to be paused still will be after its next batch.
   */
  resumeAll(): void
  count(reason: PauseReason): number
}

export function partitionPauses(consumer: Pausable, changed: () => void): PartitionPauses {
  const paused = new Map<string, { where: Partition; reason: PauseReason; timer: NodeJS.Timeout }>()

  const resume = (key: string) => {
    const pause = paused.get(key)
    if (!pause) return
    clearTimeout(pause.timer)
    paused.delete(key)
    changed()
    try {
      consumer.resume([{ topic: pause.where.topic, partitions: [pause.where.partition] }])
    } catch {
      // kafkajs refuses when it has stopped or crashed; its pauses are gone with it.
    }
  }

  return {
    pause(where, reason, ms) {
      const key = `${where.topic}/${where.partition}`
      resume(key)
      consumer.pause([{ topic: where.topic, partitions: [where.partition] }])
      paused.set(key, { where, reason, timer: setTimeout(() => resume(key), ms) })
      changed()
    },
    resumeAll() {
      for (const key of paused.keys()) resume(key)
    },
    count: (reason) => [...paused.values()].filter((pause) => pause.reason === reason).length,
  }
}
