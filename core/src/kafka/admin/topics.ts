import kafkajs, { type Admin } from 'kafkajs'
import type { TopicSpec } from '@lockstep/contracts/topic-specs.ts'
import { boundedRetries, createClient, type KafkaLog, type KafkaSettings } from '../client/client.ts'
import { createTopics } from './create-topics.ts'

// kafkajs is CommonJS; Node finds only some of its names for a named import.
const { ConfigResourceTypes, ConfigSource } = kafkajs

export type TopicResult = {
  topic: string
  /** `differs`: the topic has a setting that is not as specified and was not changed. */
  outcome: 'created' | 'unchanged' | 'altered' | 'differs'
  /** One line for each changed or different setting. */
  notes: string[]
}

/** The names of all topics. Rejects if no broker responds. */
export async function listTopics(settings: KafkaSettings, log: KafkaLog): Promise<string[]> {
  const client = createClient(settings, log)
  const admin = client.kafka.admin({ retry: boundedRetries })
  try {
    await admin.connect()
    return await admin.listTopics()
  } finally {
    await admin.disconnect().catch(() => {})
    client.destroy()
  }
}

/**
 * Creates missing topics and compares the others with their specs. Idempotent. Changes only what loses no record:
 * larger limits and longer retention. It reports the rest: more partitions would break the order of keys, and a shorter
 * retention or another cleanup policy would delete records.
 *
 * @param replicationFactor for new topics; with 3 or more, two replicas must acknowledge
 * @throws if the brokers cannot be reached, or refuse
 */
export async function ensureTopics(
  settings: KafkaSettings,
  log: KafkaLog,
  specs: readonly TopicSpec[],
  replicationFactor: number,
): Promise<TopicResult[]> {
  const client = createClient(settings, log)
  const admin = client.kafka.admin()
  try {
    await admin.connect()
    const existing = new Set(await admin.listTopics())
    const missing = specs.filter(({ topic }) => !existing.has(topic))
    if (missing.length > 0) {
      await createTopics(
        admin,
        missing.map((spec) => ({
          topic: spec.topic,
          numPartitions: spec.partitions,
          replicationFactor,
          configEntries: Object.entries(wantedConfig(spec, replicationFactor)).map(([name, value]) => ({
            name,
            value,
          })),
        })),
      )
    }
    const results: TopicResult[] = []
    for (const spec of specs) {
      if (missing.includes(spec)) results.push({ topic: spec.topic, outcome: 'created', notes: [] })
      else results.push(await compare(admin, spec, replicationFactor))
    }
    return results
  } finally {
    await admin.disconnect()
    client.destroy()
  }
}

export function wantedConfig(spec: TopicSpec, replicationFactor: number): Record<string, string> {
  return {
    'cleanup.policy': spec.cleanupPolicy,
    ...(spec.retentionMs === undefined ? {} : { 'retention.ms': String(spec.retentionMs) }),
    'max.message.bytes': String(spec.maxMessageBytes),
    'min.insync.replicas': replicationFactor >= 3 ? '2' : '1',
    // kafkajs reads only gzip and stops permanently at a batch in another codec. The broker decompresses all batches.
    'compression.type': 'uncompressed',
  }
}

/** Settings that may be raised on a live topic without losing a record. */
const raisable = new Set(['retention.ms', 'max.message.bytes'])

async function compare(admin: Admin, spec: TopicSpec, replicationFactor: number): Promise<TopicResult> {
  const { topic } = spec
  const notes: string[] = []
  const raised: Record<string, string> = {}
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  const partitions = topics[0]?.partitions ?? []
  const replicas = partitions[0]?.replicas.length ?? 0
  if (partitions.length !== spec.partitions) {
    notes.push(
      `partitions: ${partitions.length}, specified ${spec.partitions}; unchanged, because keys would move`,
    )
  }
  if (replicas !== replicationFactor) {
    notes.push(`replicas: ${replicas}, specified ${replicationFactor}; unchanged, reassign them manually`)
  }
  const current = await describe(admin, topic)
  const wanted = wantedConfig(spec, replicas)
  for (const [name, value] of Object.entries(wanted)) {
    const now = current.get(name)?.value
    if (now === value) continue
    if (isSafe(name, now, value)) raised[name] = value
    else notes.push(`${name}: ${now}, specified ${value}; unchanged, because it may lose records`)
  }
  const differs = notes.length > 0
  if (Object.keys(raised).length > 0) await alter(admin, topic, current, raised)
  for (const [name, value] of Object.entries(raised)) {
    notes.push(`${name}: ${current.get(name)?.value} -> ${value}`)
  }
  return { topic, outcome: differs ? 'differs' : notes.length > 0 ? 'altered' : 'unchanged', notes }
}

/** Kafka's -1 means no limit. */
function isSafe(name: string, now: string | undefined, value: string): boolean {
  if (name === 'compression.type') return true
  return raisable.has(name) && now !== '-1' && Number(value) > Number(now)
}

type Current = Map<string, { value: string; ownToTopic: boolean }>

async function describe(admin: Admin, name: string): Promise<Current> {
  const type = ConfigResourceTypes.TOPIC
  const { resources } = await admin.describeConfigs({ resources: [{ type, name }], includeSynonyms: false })
  return new Map(
    (resources[0]?.configEntries ?? []).map(({ configName, configValue, configSource }) => [
      configName,
      { value: configValue, ownToTopic: configSource === ConfigSource.TOPIC_CONFIG },
    ]),
  )
}

/** AlterConfigs replaces all of a topic's own settings (KIP-339 has the newer call), so it must send them all. */
async function alter(admin: Admin, name: string, current: Current, raised: Record<string, string>) {
  const own = [...current].filter(([, { ownToTopic }]) => ownToTopic).map(([key, { value }]) => [key, value])
  const merged: Record<string, string> = { ...Object.fromEntries(own), ...raised }
  const configEntries = Object.entries(merged).map(([key, value]) => ({ name: key, value }))
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name, configEntries }],
  })
}
