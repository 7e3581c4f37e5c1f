import { expect, inject, test } from 'vitest'
import { freshName } from '@lockstep/local-infra/fresh-names.ts'
import type { TopicSpec } from '@lockstep/contracts/topic-specs.ts'
import { playground, rememberingLog } from '../testing/harness.ts'
import { ensureTopics } from './topics.ts'

const spec = (topic: string, changes: Partial<TopicSpec> = {}): TopicSpec => ({
  topic,
  partitions: 2,
  cleanupPolicy: 'delete',
  retentionMs: 1_000_000,
  maxMessageBytes: 100_000,
  ...changes,
})

test('the setup makes a topic as specified, and does nothing the second time', async () => {
  await using place = await playground(inject('kafkaBrokers'))
  const topic = freshName('setup')
  const ensure = (...specs: TopicSpec[]) => ensureTopics(place.kafka, rememberingLog(), specs, 1)
  expect(await ensure(spec(topic))).toEqual([{ topic, outcome: 'created', notes: [] }])
  expect(await ensure(spec(topic))).toEqual([{ topic, outcome: 'unchanged', notes: [] }])
  await place.admin.deleteTopics({ topics: [topic] })
})

test('the setup raises limits, leaves alone what could lose records, and keeps what others have set', async () => {
  await using place = await playground(inject('kafkaBrokers'))
  const topic = freshName('setup')
  const ensure = (...specs: TopicSpec[]) => ensureTopics(place.kafka, rememberingLog(), specs, 1)
  await ensure(spec(topic))
  const config = async (name: string) => {
    const { resources } = await place.admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: 2, name: topic, configNames: [name] }],
    })
    return resources[0]?.configEntries[0]?.configValue
  }

  const [raised] = await ensure(spec(topic, { retentionMs: 2_000_000, maxMessageBytes: 200_000 }))
  expect(raised).toMatchObject({ outcome: 'altered' })
  expect(raised?.notes).toEqual(['retention.ms: 1000000 -> 2000000', 'max.message.bytes: 100000 -> 200000'])
  // A broker takes up a change a moment after the controller has agreed to it.
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
  await place.admin.deleteTopics({ topics: [topic] })
})
