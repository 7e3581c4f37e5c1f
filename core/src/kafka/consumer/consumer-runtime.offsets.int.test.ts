import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { errorHeaders, errorTopic } from '@lockstep/contracts/topics.ts'
import { createClient, type KafkaSettings } from '../client/client.ts'
import { consumeText, playground, rememberingLog, texts, textHeaders } from '../testing/harness.ts'

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => String(from + i))

// Trap 4.
test('an offset that has been deleted goes on with the earliest record, not with the latest', async () => {
  await using place = await playground(inject('kafkaBrokers'))
  await place.produce(texts(...numbers(0, 10)))
  {
    await using first = consumeText(place)
    await expect.poll(() => first.applied).toHaveLength(10)
    await expect.poll(() => place.committed()).toEqual({ 0: 10 })
  }
  await place.produce(texts(...numbers(10, 30)))
  await place.admin.deleteTopicRecords({ topic: place.topic, partitions: [{ partition: 0, offset: '20' }] })

  await using second = consumeText(place)
  await expect.poll(() => second.applied).toEqual(numbers(20, 30))
  expect(second.log.lines).toContainEqual(
    expect.objectContaining({ level: 'error', message: expect.stringContaining('Offset out of range') }),
  )
  await expect.poll(() => place.committed()).toEqual({ 0: 30 })
})

test('an offset beyond the end, as after a topic was lost, goes on with the earliest record', async () => {
  await using place = await playground(inject('kafkaBrokers'))
  await place.produce(texts('1', '2'))
  const partitions = [{ partition: 0, offset: '1000' }]
  await place.admin.setOffsets({ groupId: place.group, topic: place.topic, partitions })
  await using consumer = consumeText(place)
  await expect.poll(() => consumer.applied).toEqual(['1', '2'])
})

test('offsets are committed once a batch', async () => {
  await using place = await playground(inject('kafkaBrokers'))
  await place.produce(texts(...numbers(0, 500)))
  let batches = 0
  {
    await using consumer = consumeText(place, {
      async handle() {
        batches++
      },
    })
    await expect.poll(() => consumer.applied).toHaveLength(500)
    for (const next of numbers(500, 505)) {
      await place.produce(texts(next))
      await expect.poll(() => consumer.applied).toContain(next)
    }
  }
  expect(batches).toBeLessThan(10)
  expect(await commitsOf(place.kafka, place.group)).toHaveLength(batches)
})

test('nothing is committed above a record that is not finished', async () => {
  await using place = await playground(inject('kafkaBrokers'))
  await place.produce(texts('1', '2', '3'))
  await using consumer = consumeText(place, {
    async handle(messages) {
      if (messages.some(({ value }) => value === '5')) throw new Error('not now')
    },
  })
  await expect.poll(() => place.committed()).toEqual({ 0: 3 })
  await place.produce(texts('4', '5', '6', 'bad 7'))
  const retries = () => consumer.metric('kafka_consumer_transient_retries_total')
  await expect.poll(retries).toBeGreaterThan(2)
  expect(Math.max(...(await commitsOf(place.kafka, place.group)))).toBe(3)
  expect(await place.recordsOf(errorTopic(place.group))).toEqual([])
})

test('a crash between the acknowledgement of an error record and the commit repeats both, under one identity', async () => {
  await using place = await playground(inject('kafkaBrokers'))
  await place.produce(texts('1', 'bad', '2'))
  const program = join(import.meta.dirname, 'testing/dies-before-commit.ts')
  const settings = JSON.stringify({ kafka: place.kafka, group: place.group, topic: place.topic })
  const child = spawn(process.execPath, [program, settings], { stdio: 'inherit', timeout: 60_000 })
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null]
  expect(signal).toBe('SIGKILL')
  expect(await place.committed()).toEqual({ 0: -1 })
  expect(await place.recordsOf(errorTopic(place.group))).toHaveLength(1)

  await using consumer = consumeText(place)
  await expect.poll(() => consumer.applied).toEqual(['1', '2'])
  await expect.poll(() => place.committed()).toEqual({ 0: 3 })
  const [first, second, ...others] = await place.recordsOf(errorTopic(place.group))
  expect(others).toEqual([])
  const { topic, partition, offset, consumerGroup } = errorHeaders
  const identity = [topic, partition, offset, consumerGroup]
  expect(textHeaders(second, ...identity)).toEqual(textHeaders(first, ...identity))
})

/** Every offset that the group ever committed, as the coordinator's own log has it. */
async function commitsOf(kafka: KafkaSettings, group: string): Promise<number[]> {
  const client = createClient(kafka, rememberingLog())
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
