import type { Admin } from 'kafkajs'
import { boundedRetries, createClient, type KafkaLog, type KafkaSettings } from '../client/client.ts'

/** Next offsets by topic and partition; decimal, because they are 64 bits wide. */
export type TopicOffsets = Record<string, Record<string, string>>

/** The offsets of consumer groups, for programs outside the group. Every call rejects if no broker responds. */
export type GroupOffsets = {
  /** The ends of the topics now. */
  ends(topics: readonly string[]): Promise<TopicOffsets>
  /** The first records that the topics still have. */
  starts(topics: readonly string[]): Promise<TopicOffsets>
  /** The id of the cluster: offsets mean nothing in another one. */
  cluster(): Promise<string>
  /** What the group has committed, without the partitions where it has committed nothing. */
  committed(group: string, topics: readonly string[]): Promise<TopicOffsets>
  /** Sets the offsets from which the group continues. The group must have no members. */
  set(group: string, offsets: TopicOffsets): Promise<void>
  /** Deletes the group. False while it has members. */
  remove(group: string): Promise<boolean>
}

export function groupOffsets(kafka: KafkaSettings, log: KafkaLog): GroupOffsets {
  async function withAdmin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const client = createClient(kafka, log)
    const admin = client.kafka.admin({ retry: boundedRetries })
    try {
      await admin.connect()
      return await work(admin)
    } finally {
      await admin.disconnect().catch(() => {})
      client.destroy()
    }
  }

  const edges = (topics: readonly string[], edge: 'low' | 'high') =>
    withAdmin(async (admin) => {
      const offsets: TopicOffsets = {}
      for (const topic of topics) {
        const found = await admin.fetchTopicOffsets(topic)
        offsets[topic] = Object.fromEntries(found.map((each) => [each.partition, each[edge]]))
      }
      return offsets
    })

  return {
    ends: (topics) => edges(topics, 'high'),
    starts: (topics) => edges(topics, 'low'),
    cluster: () => withAdmin(async (admin) => (await admin.describeCluster()).clusterId),
    committed: (group, topics) =>
      withAdmin(async (admin) => {
        const found = await admin.fetchOffsets({ groupId: group, topics: [...topics] })
        return Object.fromEntries(
          found.map(({ topic, partitions }) => [
            topic,
            Object.fromEntries(
              partitions
                .filter(({ offset }) => !offset.startsWith('-'))
                .map(({ partition, offset }) => [partition, offset]),
            ),
          ]),
        )
      }),
    set: (group, offsets) =>
      withAdmin(async (admin) => {
        for (const [topic, partitions] of Object.entries(offsets)) {
          const next = Object.entries(partitions).map(([partition, offset]) => ({
            partition: Number(partition),
            offset,
          }))
          await admin.setOffsets({ groupId: group, topic, partitions: next })
        }
      }),
    remove: (group) =>
      withAdmin(async (admin) => {
        const { groups } = await admin.describeGroups([group])
        if ((groups[0]?.members.length ?? 0) > 0) return false
        await admin.deleteGroups([group]).catch((error: { groups?: { error?: { type?: string } }[] }) => {
          const types = (error.groups ?? []).map((each) => each.error?.type)
          if (types.length === 0 || types.some((type) => type !== 'GROUP_ID_NOT_FOUND')) throw error
        })
        return true
      }),
  }
}

/** How many records lie between the two. Where the group has committed nothing, it counts from 0. */
export function offsetsBetween(committed: TopicOffsets, ends: TopicOffsets): number {
  let records = 0n
  for (const [topic, partitions] of Object.entries(ends)) {
    for (const [partition, end] of Object.entries(partitions)) {
      const missing = BigInt(end) - BigInt(committed[topic]?.[partition] ?? '0')
      if (missing > 0n) records += missing
    }
  }
  return Number(records)
}
