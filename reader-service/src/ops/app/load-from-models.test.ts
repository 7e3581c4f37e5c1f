import { expect, test } from 'vitest'
import { productAt } from '../../testing/products.ts'
import { loadFromModels } from './load-from-models.ts'

test('who was answered with a version is not answered with less by the other model', async () => {
  const has = (version: number) => ({
    load: async () => (version === 0 ? undefined : productAt('a', version)),
  })
  const loaded = async (active: number, others: number[], floor: number) => {
    const models = { active: has(active), others: others.map(has) }
    return (await loadFromModels(() => models)('a', floor))?.version
  }
  expect(await loaded(3, [5], 0)).toBe(3)
  expect(await loaded(3, [5], 4)).toBe(5)
  expect(await loaded(0, [5], 4)).toBe(5)
  expect(await loaded(3, [2], 4)).toBe(3)
  expect(await loaded(0, [], 0)).toBeUndefined()
  const broken = { load: () => Promise.reject(new Error('no answer')) }
  const models = { active: has(3), others: [broken] }
  // It may have been the one that has the version.
  await expect(loadFromModels(() => models)('a', 4)).rejects.toThrow('no answer')
})

test('a model that goes while it is asked takes nobody into the past', async () => {
  let version = 4
  const active = { load: async () => productAt('a', version) }
  const going = {
    // Its data are gone, since the other has all of them by now; that one was asked before.
    async load() {
      version = 5
      models = { active, others: [] }
      return undefined
    },
  }
  let models: ReturnType<Parameters<typeof loadFromModels>[0]> = { active, others: [going] }
  expect(await loadFromModels(() => models)('a', 5)).toMatchObject({ version: 5 })
})

test('who asks a model whose data are gone asks the one that queries see by then', async () => {
  const now = { load: async () => productAt('a', 3) }
  const gone = {
    async load() {
      models = { active: now, others: [] }
      return undefined
    },
  }
  let models: ReturnType<Parameters<typeof loadFromModels>[0]> = { active: gone, others: [] }
  expect(await loadFromModels(() => models)('a', 0)).toMatchObject({ version: 3 })
})
