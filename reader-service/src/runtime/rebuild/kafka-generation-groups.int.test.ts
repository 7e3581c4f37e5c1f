import { groupOffsets } from '@lockstep/core/kafka/admin/group-offsets.ts'
import { kafkaFixture, texts } from '@lockstep/testkit/kafka/kafka-fixture.ts'
import { consumeText } from '@lockstep/testkit/kafka/text-consumer.ts'
import { recordingLog } from '@lockstep/testkit/recording-log.ts'
import { expect, inject, test } from 'vitest'
import { freshName } from '@lockstep/testkit/fresh-names.ts'
import { generationNames } from './generations.ts'
import { kafkaGenerationGroups } from './kafka-generation-groups.ts'

test('the group of a generation starts at the offsets that were set, and is not deleted while it has members', async () => {
  await using kafka = await kafkaFixture(inject('kafkaBrokers'), { partitions: 2 })
  const readModel = freshName('note')
  const groups = kafkaGenerationGroups({
    offsets: groupOffsets(kafka.kafka, recordingLog()),
    readModel,
    topics: [kafka.topic],
  })
  await kafka.produce(texts('old 1', 'old 2'), 0)
  const start = await groups.ends()
  await groups.setOffsets(3, start)
  expect(await groups.lag(3, await groups.ends())).toBe(0)
  await kafka.produce(texts('new 1', 'new 2'), 0)
  expect(await groups.lag(3, await groups.ends())).toBe(2)

  const { group } = generationNames(readModel, 3)
  expect(group).toBe(`${readModel}-projection-g3`)
  await using consumer = consumeText(kafka, { group, deadLetterGroup: kafka.group })
  await expect.poll(() => consumer.applied).toEqual(['new 1', 'new 2'])
  await expect.poll(async () => groups.lag(3, await groups.ends())).toBe(0)
  expect(await groups.remove(3)).toBe(false)
  await consumer[Symbol.asyncDispose]()
  expect(await groups.remove(3)).toBe(true)
})
