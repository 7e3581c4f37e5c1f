import { readModels } from '@lockstep/reader-service/read-models.ts'
import { aggregates } from '@lockstep/writer-service/aggregates.ts'
import { expect, test } from 'vitest'

const files = 'writer-service/src/aggregates.ts and reader-service/src/read-models.ts'
const types = aggregates.map(({ type }) => type)
const sources = readModels.map(({ source }) => source.contract.aggregate)

test('every aggregate is the source of a read model', () => {
  const missing = types.filter((type) => !sources.includes(type))
  expect(missing, `aggregates without a read model: compare ${files}`).toEqual([])
})

test('every read model has an aggregate as its source', () => {
  const missing = sources.filter((source) => !types.includes(source))
  expect(missing, `sources that are not in the list of aggregates: compare ${files}`).toEqual([])
})
