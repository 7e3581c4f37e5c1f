import { expect, inject, test } from 'vitest'
import { freshName } from '@lockstep/testkit/fresh-names.ts'
import type { TopicSpec } from '@lockstep/contracts/topic-specs.ts'
import { recordingLog } from '@lockstep/testkit/recording-log.ts'
import { kafkaFixture } from '@lockstep/testkit/kafka/kafka-fixture.ts'
import { ensureTopics } from './topics.ts'

const spec = (topic: string, changes: Partial<TopicSpec> = {}): TopicSpec => ({
  topic,
  partitions: 2,
  cleanupPolicy: 'delete',
  retentionMs: 1_000_000,
  maxMessageBytes: 100_000,
  ...changes,
})

test('the setup creates a topic as specified, and changes nothing the second time', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'))
  const topic = freshName('setup')
  const ensure = (...specs: TopicSpec[]) => ensureTopics(fixture.kafka, recordingLog(), specs, 1)
  expect(await ensure(spec(topic))).toEqual([{ topic, outcome: 'created', notes: [] }])
  expect(await ensure(spec(topic))).toEqual([{ topic, outcome: 'unchanged', notes: [] }])
  await fixture.admin.deleteTopics({ topics: [topic] })
})

test('the setup raises limits, changes nothing that could lose records, and keeps settings that are not its own', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'))
  const topic = freshName('setup')
  const ensure = (...specs: TopicSpec[]) => ensureTopics(fixture.kafka, recordingLog(), specs, 1)
  await ensure(spec(topic))
  const config = async (name: string) => {
    const { resources } = await fixture.admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: 2, name: topic, configNames: [name] }],
    })
    return resources[0]?.configEntries[0]?.configValue
  }

  const [raised] = await ensure(spec(topic, { retentionMs: 2_000_000, maxMessageBytes: 200_000 }))
  expect(raised).toMatchObject({ outcome: 'altered' })
  expect(raised?.notes).toEqual(['retention.ms: 1000000 -> 2000000', 'max.message.bytes: 100000 -> 200000'])
  // A broker applies a change a moment after the controller has accepted it.
  await expect.poll(() => config('retention.ms')).toBe('2000000')

  const [lowered] = await ensure(
    spec(topic, { partitions: 3, cleanupPolicy: 'compact', retentionMs: 1, maxMessageBytes: 300_000 }),
  )
  expect(lowered).toMatchObject({ outcome: 'differs' })
  expect(lowered?.notes).toHaveLength(4)
  await expect.poll(() => config('max.message.bytes')).toBe('300000')
  expect(await config('retention.ms')).toBe('2000000')
  expect(await config('cleanup.policy')).toBe('delete')
  expect(await config('compression.type')).toBe('uncompressed')
  await fixture.admin.deleteTopics({ topics: [topic] })
})
