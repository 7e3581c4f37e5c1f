import { groupOffsets } from '@lockstep/core/kafka/admin/group-offsets.ts'
import { consumeText, playground, rememberingLog, texts } from '@lockstep/core/kafka/testing/harness.ts'
import { expect, inject, test } from 'vitest'
import { freshName } from '@lockstep/local-infra/fresh-names.ts'
import { generationNames } from './generations.ts'
import { kafkaGenerationGroups } from './kafka-generation-groups.ts'

test('the group of a generation starts at the offsets that were set, and is not deleted while it has members', async () => {
  await using place = await playground(inject('kafkaBrokers'), { partitions: 2 })
  const readModel = freshName('note')
  const groups = kafkaGenerationGroups({
    offsets: groupOffsets(place.kafka, rememberingLog()),
    readModel,
    topics: [place.topic],
  })
  await place.produce(texts('old 1', 'old 2'), 0)
  const start = await groups.ends()
  await groups.setOffsets(3, start)
  expect(await groups.lag(3, await groups.ends())).toBe(0)
  await place.produce(texts('new 1', 'new 2'), 0)
  expect(await groups.lag(3, await groups.ends())).toBe(2)

  const { group } = generationNames(readModel, 3)
  expect(group).toBe(`${readModel}-projection-g3`)
  await using consumer = consumeText(place, { group, errorsOf: place.group })
  await expect.poll(() => consumer.applied).toEqual(['new 1', 'new 2'])
  await expect.poll(async () => groups.lag(3, await groups.ends())).toBe(0)
  expect(await groups.remove(3)).toBe(false)
  await consumer[Symbol.asyncDispose]()
  expect(await groups.remove(3)).toBe(true)
})
