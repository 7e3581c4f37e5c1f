import { Registry } from 'prom-client'
import { errorStateTopic, errorTopic, retryTopic } from '@lockstep/contracts/topics.ts'
import { freshName } from '@lockstep/local-infra/fresh-names.ts'
import { createClient, type KafkaLog, type KafkaSettings } from '../client/client.ts'
import { createTopics } from '../admin/create-topics.ts'
import type { ConsumerOptions } from '../consumer/consumer-options.ts'
import { startConsumer, type RunningConsumer } from '../consumer/consumer-runtime.ts'
import type { Decode, Handle } from '../consumer/process-batch.ts'
import { headerText, type OutgoingRecord, type ReceivedRecord } from '../client/record.ts'
import { brokerView } from './broker-view.ts'

/** What the tests of the Kafka client share: topics of their own, a log that remembers, a view into the broker. */

export type LogLine = { level: 'debug' | 'info' | 'warn' | 'error'; message: string; fields: object }

export function rememberingLog(): KafkaLog & { lines: LogLine[] } {
  const lines: LogLine[] = []
  const write = (level: LogLine['level']) => (fields: unknown, message?: string) => {
    lines.push({ level, message: message ?? '', fields: fields as object })
  }
  const log = {
    lines,
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  }
  return log as KafkaLog & { lines: LogLine[] }
}

export type Playground = AsyncDisposable & {
  kafka: KafkaSettings
  group: string
  topic: string
  admin: ReturnType<ReturnType<typeof createClient>['kafka']['admin']>
  /** Writes to one partition, as a client that is not ours could. */
  produce(records: readonly Partial<OutgoingRecord>[], partition?: number, topic?: string): Promise<void>
  /** Everything in the topic at this moment, in the order of offsets. */
  recordsOf(topic: string): Promise<ReceivedRecord[]>
  /** Next offset to read, by partition; -1 where nothing was committed. */
  committed(topic?: string): Promise<Record<number, number>>
  /** The group's members as the broker sees them. */
  members(): Promise<string[]>
}

/** A source topic with the group's topics, all of fresh names; they are deleted at the end. */
export async function playground(
  brokers: string[],
  { partitions = 1, config = {} }: { partitions?: number; config?: Record<string, string> } = {},
): Promise<Playground> {
  const group = freshName('group')
  const topic = freshName('topic')
  const kafka = { brokers, clientId: 'test' }
  const client = createClient(kafka, rememberingLog())
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

/** Text records; `bad...` cannot be decoded. */
export const decodeText: Decode<string> = ({ value }) => {
  const text = value?.toString() ?? ''
  if (text.startsWith('bad')) return { ok: false, errorClass: 'undecodable', message: `this is ${text}` }
  return { ok: true, value: text }
}

export type TestConsumer = RunningConsumer & {
  registry: Registry
  log: ReturnType<typeof rememberingLog>
  /** What took effect, in order. */
  applied: string[]
  metric(name: string, labels?: Record<string, string | number>): Promise<number | undefined>
}

/** A consumer of text records that remembers what took effect; `handle` may fail first. */
export function consumeText(
  { kafka, group, topic }: Pick<Playground, 'kafka' | 'group' | 'topic'>,
  { handle, ...options }: Partial<ConsumerOptions<string>> = {},
): TestConsumer {
  const registry = new Registry()
  const log = rememberingLog()
  const applied: string[] = []
  const apply: Handle<string> = async (messages, context) => {
    const refused = (await handle?.(messages, context)) ?? []
    const records = new Set(refused.map(({ record }) => record))
    applied.push(...messages.filter(({ record }) => !records.has(record)).map(({ value }) => value))
    return refused
  }
  const consumer = startConsumer({
    kafka,
    group,
    topics: [topic],
    decode: decodeText,
    log,
    registry,
    ...options,
    handle: apply,
  })
  return Object.assign(consumer, {
    registry,
    log,
    applied,
    async metric(name: string, labels: Record<string, string | number> = {}) {
      const found = await registry.getSingleMetric(name)?.get()
      return found?.values.find((v) => Object.entries(labels).every(([k, x]) => v.labels[k] === x))?.value
    },
  })
}

export const texts = (...values: string[]) => values.map((value) => ({ value: Buffer.from(value) }))

export const textHeaders = (record: ReceivedRecord | undefined, ...names: string[]) =>
  names.map((name) => headerText(record?.headers ?? {}, name))
