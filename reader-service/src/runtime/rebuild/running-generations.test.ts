import { createLog } from '@lockstep/core/log/log.ts'
import { expect, test, vi } from 'vitest'
import type { Generation, GenerationPhase } from './generations.ts'
import { readFromActive, runGenerations } from './running-generations.ts'

const log = createLog({ service: 'test', level: 'silent' })

/** Generations 0, which is active, and 1, in `phase`. `happened` lists what was done with them. */
function fixtureOf(phase: GenerationPhase, trustedForMs = 60_000) {
  const registry = { phase, active: 0, corrections: 3, responds: true, reads: 0 }
  const happened: string[] = []
  const closed = { promise: Promise.resolve() }
  const generationAt = (number: number): Generation => ({
    number,
    phase: number === registry.active ? 'ready' : registry.phase,
    from: 'writer',
    problem: undefined,
    offsets: undefined,
    target: undefined,
    cursor: undefined,
    copied: 0,
    total: 0,
    startedAt: new Date(0),
  })
  const running = runGenerations({
    readModel: 'note',
    registry: {
      async read() {
        registry.reads++
        if (!registry.responds) throw new Error('MongoDB does not respond')
        const { active, corrections } = registry
        return { active, corrections, generations: [generationAt(0), generationAt(1)] }
      },
    },
    open(number) {
      happened.push(`opened ${number}`)
      return {
        number,
        async [Symbol.asyncDispose]() {
          happened.push(`closed ${number}`)
          await closed.promise
        },
      }
    },
    onActive: (number) => void happened.push(`${number} is active`),
    onCorrected: () => void happened.push('corrected'),
    log,
    pollMs: 1,
    trustedForMs,
  })
  const known = () => vi.waitFor(() => expect(running.active()).toMatchObject({ number: registry.active }))
  return {
    registry,
    happened,
    closed,
    active: running.active,
    isActive: running.isActive,
    known,
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  }
}

const readAgain = ({ registry }: ReturnType<typeof fixtureOf>) => {
  const { reads } = registry
  return vi.waitFor(() => expect(registry.reads).toBeGreaterThan(reads + 3))
}

test.each(['backfilling', 'catching_up', 'ready'] as const)(
  'a generation in the phase %s is fed, and queries use the active one',
  async (phase) => {
    await using fixture = fixtureOf(phase)
    await fixture.known()
    expect(fixture.happened).toEqual(['opened 0', 'opened 1', '0 is active'])
  },
)

test.each(['setting_offsets', 'draining', 'dropping'] as const)(
  'a replica that starts during the phase %s does not feed the generation',
  async (phase) => {
    await using fixture = fixtureOf(phase)
    await fixture.known()
    expect(fixture.happened).toEqual(['opened 0', '0 is active'])
  },
)

test('queries follow the active generation, and a draining one is closed once', async () => {
  await using fixture = fixtureOf('ready')
  const { registry, happened } = fixture
  await fixture.known()
  registry.active = 1
  await fixture.known()
  registry.phase = 'draining'
  await vi.waitFor(() => expect(happened).toContain('closed 0'))
  registry.phase = 'dropping'
  await readAgain(fixture)
  expect(happened.slice(2)).toEqual(['0 is active', '1 is active', 'closed 0'])
})

test('a replica that has not read the registry for too long refuses queries until it reads it again', async () => {
  await using fixture = fixtureOf('ready', 200)
  const { registry, active, isActive, known } = fixture
  await known()
  expect([0, 1, 2].map(isActive)).toEqual([true, false, false])
  registry.responds = false
  await vi.waitFor(() => expect(active).toThrow('The active generation of note is not known'))
  expect([0, 1, 2].map(isActive)).toEqual([false, false, false])
  registry.responds = true
  await known()
})

test('a generation that takes long to leave its group delays no poll', async () => {
  await using fixture = fixtureOf('ready')
  const { registry, happened, closed, active } = fixture
  await fixture.known()
  const left = Promise.withResolvers<void>()
  closed.promise = left.promise
  registry.phase = 'draining'
  await vi.waitFor(() => expect(happened).toContain('closed 1'))
  await readAgain(fixture)
  expect(active()).toMatchObject({ number: 0 })
  left.resolve()
})

test('each replica learns that the read model was repaired', async () => {
  await using fixture = fixtureOf('ready')
  const { registry, happened } = fixture
  await fixture.known()
  await readAgain(fixture)
  expect(happened).not.toContain('corrected')
  registry.corrections = 4
  await vi.waitFor(() => expect(happened).toContain('corrected'))
  await readAgain(fixture)
  expect(happened.filter((what) => what === 'corrected')).toHaveLength(1)
})

test('a query is repeated when another generation becomes active in the meantime', async () => {
  const dropped = {
    async read() {
      current = complete
      return undefined
    },
  }
  const complete = { read: async () => 3 }
  let current: { read: () => Promise<number | undefined> } = dropped
  expect(
    await readFromActive(
      () => current,
      ({ read }) => read(),
    ),
  ).toBe(3)
})
