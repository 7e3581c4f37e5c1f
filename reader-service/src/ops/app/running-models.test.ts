import { createLog } from '@lockstep/core/log/log.ts'
import { expect, test, vi } from 'vitest'
import type { ModelGeneration } from './model-generations.ts'
import { runModels } from './running-models.ts'

const log = createLog({ service: 'test', level: 'silent' })

/** Generation 0, which queries see, and another one in `phase`; `happened` says what was done with the models. */
function playground(phase: ModelGeneration['phase']) {
  const its = { phase }
  const happened: string[] = []
  const generation = (number: number): ModelGeneration => ({
    number,
    phase: number === 0 ? 'ready' : its.phase,
    pins: undefined,
    fedUpTo: undefined,
    cursor: undefined,
    written: 0,
    total: 0,
    startedAt: new Date(0),
  })
  const models = runModels({
    registry: { read: async () => ({ active: 0, generations: [generation(0), generation(1)] }) },
    open(number) {
      happened.push(`fed ${number}`)
      return {
        number,
        stopFeeding: async () => void happened.push(`not fed ${number}`),
        [Symbol.asyncDispose]: async () => void happened.push(`let go ${number}`),
      }
    },
    pollMs: 1,
    onActive: () => {},
    work: async () => {},
    log,
  })
  return { its, happened, models, [Symbol.asyncDispose]: () => models[Symbol.asyncDispose]() }
}

test('a model that is not ready is fed, but nobody is answered from it', async () => {
  await using place = playground('filling')
  const { models, its, happened } = place
  await vi.waitFor(() => expect(models.known()).toBe(true))
  expect(happened).toEqual(['fed 0', 'fed 1'])
  expect(models.others()).toEqual([])
  its.phase = 'ready'
  await vi.waitFor(() => expect(models.others()).toMatchObject([{ number: 1 }]))
  expect(models.active()).toMatchObject({ number: 0 })
})

test('a model that retires is not fed any more, and goes on answering until it is dropped', async () => {
  await using place = playground('ready')
  const { models, its, happened } = place
  await vi.waitFor(() => expect(models.others()).toMatchObject([{ number: 1 }]))
  its.phase = 'retiring'
  await vi.waitFor(() => expect(happened).toContain('not fed 1'))
  expect(models.others()).toMatchObject([{ number: 1 }])
  expect(happened).not.toContain('let go 1')
  its.phase = 'dropping'
  await vi.waitFor(() => expect(happened).toContain('let go 1'))
  expect(models.others()).toEqual([])
})

test('a replica that starts while a model retires does not feed it', async () => {
  await using place = playground('retiring')
  const { models, happened } = place
  await vi.waitFor(() => expect(models.known()).toBe(true))
  expect(happened).toEqual(['fed 0'])
  expect(models.others()).toEqual([])
})
