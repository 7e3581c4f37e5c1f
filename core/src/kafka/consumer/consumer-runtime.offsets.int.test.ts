import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { errorHeaders, errorTopic } from '@lockstep/contracts/topics.ts'
import { createClient, type KafkaSettings } from '../client/client.ts'
import { recordingLog } from '@lockstep/testkit/recording-log.ts'
import { kafkaFixture, texts, textHeaders } from '@lockstep/testkit/kafka/kafka-fixture.ts'
import { consumeText } from '@lockstep/testkit/kafka/text-consumer.ts'

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => String(from + i))

// Trap 4.
test('a consumer whose offset was deleted continues with the earliest record, not with the latest', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'))
  await fixture.produce(texts(...numbers(0, 10)))
  {
    await using first = consumeText(fixture)
    await expect.poll(() => first.applied).toHaveLength(10)
    await expect.poll(() => fixture.committed()).toEqual({ 0: 10 })
  }
  await fixture.produce(texts(...numbers(10, 30)))
  await fixture.admin.deleteTopicRecords({
    topic: fixture.topic,
    partitions: [{ partition: 0, offset: '20' }],
  })

  await using second = consumeText(fixture)
  await expect.poll(() => second.applied).toEqual(numbers(20, 30))
  expect(second.log.lines).toContainEqual(
    expect.objectContaining({ level: 'error', message: expect.stringContaining('Offset out of range') }),
  )
  await expect.poll(() => fixture.committed()).toEqual({ 0: 30 })
})

test('a consumer whose offset is beyond the end, as after the loss of a topic, continues with the earliest record', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'))
  await fixture.produce(texts('1', '2'))
  const partitions = [{ partition: 0, offset: '1000' }]
  await fixture.admin.setOffsets({ groupId: fixture.group, topic: fixture.topic, partitions })
  await using consumer = consumeText(fixture)
  await expect.poll(() => consumer.applied).toEqual(['1', '2'])
})

test('offsets are committed beside the batches, and the last ones before the consumer leaves', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'))
  await fixture.produce(texts(...numbers(0, 500)))
  let batches = 0
  {
    await using consumer = consumeText(fixture, {
      async handle() {
        batches++
      },
    })
    await expect.poll(() => consumer.applied).toHaveLength(500)
    for (const next of numbers(500, 505)) {
      await fixture.produce(texts(next))
      await expect.poll(() => consumer.applied).toContain(next)
    }
  }
  expect(batches).toBeLessThan(10)
  const commits = await commitsOf(fixture.kafka, fixture.group)
  expect(commits.length).toBeLessThanOrEqual(batches)
  expect(commits.at(-1)).toBe(505)
})

test('no offset above an unfinished record is committed', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'))
  await fixture.produce(texts('1', '2', '3'))
  await using consumer = consumeText(fixture, {
    async handle(messages) {
      if (messages.some(({ value }) => value === '5')) throw new Error('not now')
    },
  })
  await expect.poll(() => fixture.committed()).toEqual({ 0: 3 })
  await fixture.produce(texts('4', '5', '6', 'bad 7'))
  const retries = () => consumer.metric('kafka_consumer_transient_retries_total')
  await expect.poll(retries).toBeGreaterThan(2)
  expect(Math.max(...(await commitsOf(fixture.kafka, fixture.group)))).toBe(3)
  expect(await fixture.recordsOf(errorTopic(fixture.group))).toEqual([])
})

test('a crash between the acknowledgement of a dead letter and the commit repeats both, with the same identity', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'))
  await fixture.produce(texts('1', 'bad', '2'))
  const program = join(import.meta.dirname, 'testing/dies-before-commit.ts')
  const settings = JSON.stringify({ kafka: fixture.kafka, group: fixture.group, topic: fixture.topic })
  const child = spawn(process.execPath, [program, settings], { stdio: 'inherit', timeout: 60_000 })
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null]
  expect(signal).toBe('SIGKILL')
  expect(await fixture.committed()).toEqual({ 0: -1 })
  expect(await fixture.recordsOf(errorTopic(fixture.group))).toHaveLength(1)

  await using consumer = consumeText(fixture)
  await expect.poll(() => consumer.applied).toEqual(['1', '2'])
  await expect.poll(() => fixture.committed()).toEqual({ 0: 3 })
  const [first, second, ...others] = await fixture.recordsOf(errorTopic(fixture.group))
  expect(others).toEqual([])
  const { topic, partition, offset, consumerGroup } = errorHeaders
  const identity = [topic, partition, offset, consumerGroup]
  expect(textHeaders(second, ...identity)).toEqual(textHeaders(first, ...identity))
})

/** Every offset that the group has committed, from the coordinator's own log. */
async function commitsOf(kafka: KafkaSettings, group: string): Promise<number[]> {
  const client = createClient(kafka, recordingLog())
  const admin = client.kafka.admin()
  await admin.connect()
  const log = '__consumer_offsets'
  const end = Number((await admin.fetchTopicOffsets(log))[0]?.high)
  const groupId = `reading-commits-of-${group}`
  const consumer = client.kafka.consumer({ groupId })
  const commits: number[] = []
  let next = 0
  await consumer.connect()
  await consumer.subscribe({ topics: [log], fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ message: { key, value, offset } }) => {
      // OffsetCommitKey: int16 version (0 or 1), group, topic, partition; OffsetCommitValue: int16, int64 offset, ...
      const version = key?.readInt16BE(0)
      if (value && version !== undefined && version <= 1 && key?.includes(group)) {
        commits.push(Number(value.readBigInt64BE(2)))
      }
      next = Number(offset) + 1
    },
  })
  await expect.poll(() => next).toBeGreaterThanOrEqual(end)
  await consumer.disconnect()
  await admin.deleteGroups([groupId])
  await admin.disconnect()
  client.destroy()
  return commits
}
