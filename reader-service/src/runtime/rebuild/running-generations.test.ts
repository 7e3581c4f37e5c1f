import { createLog } from '@lockstep/core/log/log.ts'
import { expect, test, vi } from 'vitest'
import type { ModelGeneration } from './generations.ts'
import { runModels } from './running-generations.ts'

const log = createLog({ service: 'test', level: 'silent' })

/** Generation 0, which queries see, and another one in `phase`; `happened` says what was done with the models. */
function playground(phase: ModelGeneration['phase'], knownForMs = 60_000) {
  const its = { phase, answers: true, left: Promise.resolve(), looks: 0 }
  const happened: string[] = []
  const generation = (number: number): ModelGeneration => ({
    number,
    phase: number === 0 ? 'ready' : its.phase,
    pins: undefined,
    cursor: undefined,
    written: 0,
    total: 0,
    startedAt: new Date(0),
  })
  const models = runModels({
    registry: {
      async read() {
        its.looks++
        if (!its.answers) throw new Error('MongoDB does not answer')
        return { active: 0, generations: [generation(0), generation(1)] }
      },
    },
    open(number) {
      happened.push(`fed ${number}`)
      return {
        number,
        stopFeeding() {
          happened.push(`not fed ${number}`)
          return its.left
        },
        [Symbol.asyncDispose]: async () => void happened.push(`let go ${number}`),
      }
    },
    pollMs: 1,
    knownForMs,
    onActive: () => {},
    work: async () => {},
    log,
  })
  const { seen } = models
  const known = () => vi.waitFor(() => expect(seen()).toMatchObject({ active: { number: 0 } }))
  const others = () => seen().others.map(({ number }) => number)
  return { its, happened, seen, known, others, [Symbol.asyncDispose]: () => models[Symbol.asyncDispose]() }
}

test('a model that is not ready is fed, but nobody is answered from it', async () => {
  await using place = playground('filling')
  const { its, happened, known, others, seen } = place
  await known()
  expect(happened).toEqual(['fed 0', 'fed 1'])
  expect(others()).toEqual([])
  its.phase = 'ready'
  await vi.waitFor(() => expect(others()).toEqual([1]))
  expect(seen().active.number).toBe(0)
})

test('a model that retires is not fed any more, and goes on answering until it is dropped', async () => {
  await using place = playground('ready')
  const { its, happened, others } = place
  await vi.waitFor(() => expect(others()).toEqual([1]))
  its.phase = 'retiring'
  await vi.waitFor(() => expect(happened).toContain('not fed 1'))
  expect(others()).toEqual([1])
  expect(happened).not.toContain('let go 1')
  its.phase = 'dropping'
  await vi.waitFor(() => expect(happened).toContain('let go 1'))
  expect(others()).toEqual([])
  expect(happened.filter((what) => what === 'not fed 1')).toHaveLength(1)
})

test('a replica that starts while a model retires does not feed it', async () => {
  await using place = playground('retiring')
  const { happened, known, others } = place
  await known()
  expect(happened).toEqual(['fed 0'])
  expect(others()).toEqual([])
})

test('what queries see is the same object until something of it changes', async () => {
  await using place = playground('ready')
  const { its, others, seen } = place
  await vi.waitFor(() => expect(others()).toEqual([1]))
  const before = seen()
  its.phase = 'retiring'
  await vi.waitFor(() => expect(place.happened).toContain('not fed 1'))
  expect(seen()).toBe(before)
  its.phase = 'dropping'
  await vi.waitFor(() => expect(seen()).not.toBe(before))
})

test('a replica that has heard nothing for too long answers nobody until it hears again', async () => {
  await using place = playground('ready', 200)
  const { its, known, seen } = place
  await known()
  its.answers = false
  await vi.waitFor(() => expect(seen).toThrow('It is not known which read model is in use'))
  its.answers = true
  await known()
})

test('a model that takes long to leave its group keeps nobody waiting', async () => {
  await using place = playground('ready')
  const { its, happened, others, seen } = place
  await vi.waitFor(() => expect(others()).toEqual([1]))
  const left = Promise.withResolvers<void>()
  its.left = left.promise
  its.phase = 'retiring'
  await vi.waitFor(() => expect(happened).toContain('not fed 1'))
  const looks = its.looks
  await vi.waitFor(() => expect(its.looks).toBeGreaterThan(looks + 3))
  expect(seen()).toMatchObject({ active: { number: 0 } })
  left.resolve()
})
