import { errorStateTopic, errorTopic, retryTopic } from '@lockstep/contracts/topics.ts'
import { createTopics } from '@lockstep/core/kafka/admin/create-topics.ts'
import { createClient, type KafkaSettings } from '@lockstep/core/kafka/client/client.ts'
import { headerText, type OutgoingRecord, type ReceivedRecord } from '@lockstep/core/kafka/client/record.ts'
import { freshName } from '../fresh-names.ts'
import { recordingLog } from '../recording-log.ts'
import { brokerView } from './broker-view.ts'

export type KafkaFixture = AsyncDisposable & {
  kafka: KafkaSettings
  group: string
  topic: string
  admin: ReturnType<ReturnType<typeof createClient>['kafka']['admin']>
  /** Writes to one partition, as any other client could. Default: partition 0 of the source topic. */
  produce(records: readonly Partial<OutgoingRecord>[], partition?: number, topic?: string): Promise<void>
  /** Every record that is in the topic now, in the order of offsets. */
  recordsOf(topic: string): Promise<ReceivedRecord[]>
  /** Next offset to read, by partition; -1 where the group has committed nothing. */
  committed(topic?: string): Promise<Record<number, number>>
  /** The ids of the group's members, as the broker reports them. */
  members(): Promise<string[]>
}

/** A source topic and the topics of one consumer group, all with fresh names. Disposal deletes them. */
export async function kafkaFixture(
  brokers: string[],
  { partitions = 1, config = {} }: { partitions?: number; config?: Record<string, string> } = {},
): Promise<KafkaFixture> {
  const group = freshName('group')
  const topic = freshName('topic')
  const kafka = { brokers, clientId: 'test' }
  const client = createClient(kafka, recordingLog())
  const admin = client.kafka.admin()
  const view = await brokerView(brokers)
  await admin.connect()
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }))
  const compacted = [{ name: 'cleanup.policy', value: 'compact' }]
  const large = [{ name: 'max.message.bytes', value: '3000000' }]
  await createTopics(admin, [
    { topic, numPartitions: partitions, configEntries },
    { topic: errorTopic(group), numPartitions: 1, configEntries: large },
    { topic: retryTopic(group), numPartitions: 1, configEntries: large },
    { topic: errorStateTopic(group), numPartitions: 1, configEntries: compacted },
  ])

  return {
    kafka,
    group,
    topic,
    admin,
    produce: (records, partition = 0, to = topic) => view.produce(to, partition, records),
    recordsOf: view.recordsOf,
    async committed(name = topic) {
      const [offsets] = await admin.fetchOffsets({ groupId: group, topics: [name] })
      return Object.fromEntries((offsets?.partitions ?? []).map((p) => [p.partition, Number(p.offset)]))
    },
    members: () => view.members(group),
    async [Symbol.asyncDispose]() {
      const topics = [topic, errorTopic(group), retryTopic(group), errorStateTopic(group)]
      await admin.deleteTopics({ topics })
      await Promise.all([admin.disconnect(), view[Symbol.asyncDispose]()])
      client.destroy()
    },
  }
}

export const texts = (...values: string[]) => values.map((value) => ({ value: Buffer.from(value) }))

export const textHeaders = (record: ReceivedRecord | undefined, ...names: string[]) =>
  names.map((name) => headerText(record?.headers ?? {}, name))
