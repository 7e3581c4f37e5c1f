import kafkajs, { type IHeaders } from 'kafkajs'
import { createClient, type KafkaLog } from '@lockstep/core/kafka/client/client.ts'
import type { OutgoingRecord, ReceivedRecord } from '@lockstep/core/kafka/client/record.ts'
import { scanTopic } from '@lockstep/core/kafka/admin/scan-topic.ts'

// kafkajs is CommonJS; Node finds only some of its names for a named import.
const { ConfigResourceTypes } = kafkajs

/** Reads and writes a broker's data for a test, independently of the clients under test. */
export type BrokerView = AsyncDisposable & {
  /** Writes to one partition as any other client could; all records in one request. */
  produce(topic: string, partition: number, records: readonly Partial<OutgoingRecord>[]): Promise<void>
  /** Every record that is in the topic now, in the order of offsets within each partition. */
  recordsOf(topic: string): Promise<ReceivedRecord[]>
  /** How many records of the topic the group has not committed. */
  uncommitted(group: string, topic: string): Promise<number>
  /** Moves a group without members to this offset in every partition. */
  setOffsets(group: string, topic: string, offset: string): Promise<void>
  deleteTopic(topic: string): Promise<void>
  /** Replaces the topic's own settings with these. */
  configure(topic: string, settings: Readonly<Record<string, string>>): Promise<void>
  /** The ids of the group's members. */
  members(group: string): Promise<string[]>
}

export async function brokerView(brokers: readonly string[]): Promise<BrokerView> {
  const kafka = { brokers, clientId: 'test-view' }
  const client = createClient(kafka, silent)
  const admin = client.kafka.admin()
  const producer = client.kafka.producer({
    createPartitioner: () => (args) => args.message.partition ?? 0,
    allowAutoTopicCreation: false,
  })

  return {
    async produce(topic, partition, records) {
      await producer.connect()
      const messages = records.map(({ key = null, value = null, headers = {} }) => ({
        partition,
        key,
        value,
        // The type of kafkajs lacks the null values that its patch encodes.
        headers: headers as IHeaders,
      }))
      await producer.send({ topic, messages })
    },
    async recordsOf(topic) {
      const found: ReceivedRecord[] = []
      await scanTopic({ kafka, log: silent, topic }, (records) => void found.push(...records))
      return found
    },
    async uncommitted(group, topic) {
      await admin.connect()
      const [offsets] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
      const next = new Map(offsets?.partitions.map(({ partition, offset }) => [partition, Number(offset)]))
      const ends = await admin.fetchTopicOffsets(topic)
      // -1 where the group has committed nothing. It reads everything again from an offset that is out of range.
      return ends.reduce((sum, { partition, low, high }) => {
        const committed = next.get(partition) ?? -1
        const from = committed > Number(high) ? Number(low) : Math.max(Number(low), committed)
        return sum + Number(high) - from
      }, 0)
    },
    async setOffsets(groupId, topic, offset) {
      await admin.connect()
      const ends = await admin.fetchTopicOffsets(topic)
      const partitions = ends.map(({ partition }) => ({ partition, offset }))
      await admin.setOffsets({ groupId, topic, partitions })
    },
    async deleteTopic(topic) {
      await admin.connect()
      await admin.deleteTopics({ topics: [topic] })
    },
    async configure(name, settings) {
      await admin.connect()
      const configEntries = Object.entries(settings).map(([key, value]) => ({ name: key, value }))
      const type = ConfigResourceTypes.TOPIC
      await admin.alterConfigs({ validateOnly: false, resources: [{ type, name, configEntries }] })
    },
    async members(group) {
      await admin.connect()
      const { groups } = await admin.describeGroups([group])
      return (groups[0]?.members ?? []).map(({ memberId }) => memberId)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([admin.disconnect(), producer.disconnect()])
      client.destroy()
    },
  }
}

const ignore = () => {}
const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore } as KafkaLog
