import { errorHeaders, errorTopic } from '@lockstep/contracts/topics.ts'
import { expect, inject, test } from 'vitest'
import { groupOffsets, offsetsBetween } from './group-offsets.ts'
import { recordingLog } from '@lockstep/testkit/recording-log.ts'
import { kafkaFixture, textHeaders, texts } from '@lockstep/testkit/kafka/kafka-fixture.ts'
import { consumeText } from '@lockstep/testkit/kafka/text-consumer.ts'

test('a group continues from the offsets that were set, and shares the error topic of another group', async () => {
  await using fixture = await kafkaFixture(inject('kafkaBrokers'), { partitions: 2 })
  const offsets = groupOffsets(fixture.kafka, recordingLog())
  const sharing = `${fixture.group}-g1`
  await fixture.produce(texts('old 1', 'old 2'), 0)
  await fixture.produce(texts('old 3'), 1)
  const ends = await offsets.ends([fixture.topic])
  expect(ends).toEqual({ [fixture.topic]: { 0: '2', 1: '1' } })
  await offsets.set(sharing, ends)
  await offsets.set(sharing, ends)
  await fixture.produce(texts('new', 'bad'), 0)

  await using consumer = consumeText(fixture, { group: sharing, deadLetterGroup: fixture.group })
  await expect.poll(() => consumer.applied).toEqual(['new'])
  const behind = async () =>
    offsetsBetween(await offsets.committed(sharing, [fixture.topic]), await offsets.ends([fixture.topic]))
  await expect.poll(behind).toBe(0)
  const [error] = await fixture.recordsOf(errorTopic(fixture.group))
  expect(textHeaders(error, errorHeaders.consumerGroup, errorHeaders.offset)).toEqual([fixture.group, '3'])

  expect(await offsets.remove(sharing)).toBe(false)
  await consumer[Symbol.asyncDispose]()
  expect(await offsets.remove(sharing)).toBe(true)
  expect(await offsets.remove(sharing)).toBe(true)
})

test('a partition without a committed offset counts from the beginning', () => {
  expect(offsetsBetween({}, { t: { 0: '5', 1: '7' } })).toBe(12)
  expect(offsetsBetween({ t: { 0: '5', 1: '9' } }, { t: { 0: '5', 1: '7' } })).toBe(0)
})
