import { errorHeaders, errorTopic } from '@lockstep/contracts/topics.ts'
import { expect, inject, test } from 'vitest'
import { groupOffsets, offsetsBetween } from './group-offsets.ts'
import { consumeText, playground, rememberingLog, textHeaders, texts } from '../testing/harness.ts'

test('a group that is pinned begins there, and gives up to the error topic of the group that it stands beside', async () => {
  await using place = await playground(inject('kafkaBrokers'), { partitions: 2 })
  const offsets = groupOffsets(place.kafka, rememberingLog())
  const beside = `${place.group}-g1`
  await place.produce(texts('old 1', 'old 2'), 0)
  await place.produce(texts('old 3'), 1)
  const pins = await offsets.ends([place.topic])
  expect(pins).toEqual({ [place.topic]: { 0: '2', 1: '1' } })
  await offsets.pin(beside, pins)
  await offsets.pin(beside, pins)
  await place.produce(texts('new', 'bad'), 0)

  await using consumer = consumeText(place, { group: beside, errorsOf: place.group })
  await expect.poll(() => consumer.applied).toEqual(['new'])
  const behind = async () =>
    offsetsBetween(await offsets.committed(beside, [place.topic]), await offsets.ends([place.topic]))
  await expect.poll(behind).toBe(0)
  const [error] = await place.recordsOf(errorTopic(place.group))
  expect(textHeaders(error, errorHeaders.consumerGroup, errorHeaders.offset)).toEqual([place.group, '3'])

  expect(await offsets.remove(beside)).toBe(false)
  await consumer[Symbol.asyncDispose]()
  expect(await offsets.remove(beside)).toBe(true)
  expect(await offsets.remove(beside)).toBe(true)
})

test('what a group has not committed counts from the beginning', () => {
  expect(offsetsBetween({}, { t: { 0: '5', 1: '7' } })).toBe(12)
  expect(offsetsBetween({ t: { 0: '5', 1: '9' } }, { t: { 0: '5', 1: '7' } })).toBe(0)
})
