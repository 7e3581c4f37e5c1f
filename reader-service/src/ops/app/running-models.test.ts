import { createLog } from '@lockstep/core/log/log.ts'
import { expect, test, vi } from 'vitest'
import type { ModelGeneration } from './model-generations.ts'
import { runModels } from './running-models.ts'

const log = createLog({ service: 'test', level: 'silent' })

test('a model that is not ready is fed, but nobody is answered from it', async () => {
  let phase: ModelGeneration['phase'] = 'filling'
  const generation = (number: number, its: ModelGeneration['phase']): ModelGeneration => {
    const startedAt = new Date(0)
    return { number, phase: its, pins: undefined, cursor: undefined, written: 0, total: 0, startedAt }
  }
  const fed: number[] = []
  await using models = runModels({
    registry: {
      read: async () => ({ active: 0, generations: [generation(0, 'ready'), generation(1, phase)] }),
    },
    open(number) {
      fed.push(number)
      return { number, [Symbol.asyncDispose]: async () => {} }
    },
    pollMs: 1,
    onActive: () => {},
    work: async () => {},
    log,
  })
  await vi.waitFor(() => expect(models.known()).toBe(true))
  expect(fed).toEqual([0, 1])
  expect(models.others()).toEqual([])
  phase = 'ready'
  await vi.waitFor(() => expect(models.others()).toMatchObject([{ number: 1 }]))
  expect(models.active()).toMatchObject({ number: 0 })
})
