import { randomBytes } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { verifyArchive } from '@lockstep/core/archive/archive-file.ts'
import { expect } from 'vitest'
import { startLockstep, type StartedTool } from '../../clients/lockstep.ts'
import { readable } from '../../clients/readable.ts'
import { eventually } from '../../system/eventually.ts'
import type { Stack } from '../../system/stack.ts'
import { testOnOwnStack as test } from '../../system/stack-test.ts'
import { changingProducts } from './changing-products.ts'
import { expectAudited, operate } from './snapshot-operations.ts'

/* kill -9 of the reader, and of the operators' tool, at random moments of saves and restores under load. */

/** Half of them during a save, half during a restore. `SNAPSHOT_KILLS=20` for a long run. */
const kills = Number(process.env['SNAPSHOT_KILLS'] || 2)

/** A snapshot of several pages and writes. */
const PRODUCTS = 500
const DESCRIPTION_BYTES = 1_500
/** So that a save and a restore last long enough to be seen at any of their moments. */
const MONGO_LATENCY_MS = 25

const victims = ['reader', 'tool'] as const

type Generation = { phase: string; copied: number }
type Registry = { _id: string; active: number; last: number; generations: Record<string, Generation> }

async function registryOf({ mongo }: Stack): Promise<Registry> {
  return (await mongo.collection<Registry>('read_model_generations').findOne({ _id: 'product' }))!
}

/** Products that do not change, with descriptions that cannot be compressed. */
async function createProducts({ writers, reader }: Stack): Promise<void> {
  const create = async (index: number) => {
    const description = randomBytes(DESCRIPTION_BYTES).toString('base64url')
    const product = { name: `Cup ${index}`, description, priceCents: index }
    const { id } = await writers[index % 2]!.grpc.createProduct({ product })
    await readable(reader, id, 1)
  }
  for (let from = 0; from < PRODUCTS; from += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, index) => create(from + index)))
  }
}

/**
 * Kills the tool, or the reader that it uses, once `reached` holds, and starts the reader again. Returns false if the
 * tool ended before.
 */
async function killedWhen(
  { reader }: Stack,
  tool: StartedTool,
  victim: (typeof victims)[number],
  reached: () => Promise<boolean>,
): Promise<boolean> {
  let ended = false
  const end = tool.ended.then(() => (ended = true))
  while (!ended && !(await reached())) await sleep(2)
  if (ended) return false
  if (victim === 'tool') tool.kill()
  else await reader.process.kill()
  await end
  await reader.process.start()
  return true
}

/** Kills saves when a random share of the file is written: the name keeps a file that is complete. */
async function killSaves(stack: Stack, file: (name: string) => string): Promise<void> {
  const start = startLockstep(stack)
  const complete = file('cups.snapshot')
  for (let killed = 0; killed < kills / 2;) {
    const { bytes } = await verifyArchive(complete)
    const target = Math.random() * bytes
    const tool = start('snapshot', 'save', complete)
    const written = () =>
      stat(file(`.cups.snapshot.${tool.pid}.partial`)).then(
        ({ size }) => size,
        () => 0,
      )
    const victim = victims[killed % 2]!
    if (await killedWhen(stack, tool, victim, async () => (await written()) > target)) killed++
    await verifyArchive(complete)
  }
}

/** Kills restores at a random document of the copy, or in a phase after it. */
async function killRestores(stack: Stack, file: string): Promise<void> {
  const start = startLockstep(stack)
  const { count } = await verifyArchive(file)
  for (let killed = 0; killed < kills / 2;) {
    const before = await registryOf(stack)
    const reached = randomMoment(count)
    const tool = start('snapshot', 'restore', file)
    const isReached = async () => {
      const { last, generations } = await registryOf(stack)
      const restored = last > before.last ? generations[`g${last}`] : undefined
      return restored !== undefined && reached(restored)
    }
    // The tool first: after the reader, its claim must expire.
    if (await killedWhen(stack, tool, victims[(killed + 1) % 2]!, isReached)) killed++
    await settled(stack)
    const { active, generations } = await registryOf(stack)
    if (active === before.active) continue
    // After a late kill, the readers finish the work without the tool.
    expect(generations[`g${active}`]).toMatchObject({ phase: 'ready', copied: count })
    await expectAudited(stack, 'product')
    await operate(stack, 'rebuild', 'product', '--drop-old')
  }
}

function randomMoment(count: number): (generation: Generation) => boolean {
  const phases = ['catching_up', 'auditing', 'ready']
  const share = Math.random() * 1.5
  if (share < 1) return ({ copied }) => copied >= share * count
  const from = phases[Math.floor((share - 1) * 2 * phases.length)]!
  return ({ phase }) => phases.indexOf(phase) >= phases.indexOf(from)
}

/** Resolves when nothing is being built or dropped. The claim of a reader that was killed expires after 20 s. */
async function settled(stack: Stack): Promise<void> {
  await eventually(
    async () => {
      const { generations } = await registryOf(stack)
      for (const { phase } of Object.values(generations)) expect(phase).toBe('ready')
    },
    { withinMs: 120_000 },
  )
}

test(
  'a kill at a random moment of a save or a restore leaves nothing incomplete, and a repeat works',
  { timeout: 60_000 * (5 + kills) },
  async ({ stack }) => {
    const file = (name: string) => join(stack.dir, name)
    await createProducts(stack)
    const load = await changingProducts(stack)
    await using _ = load
    await operate(stack, 'snapshot', 'save', file('cups.snapshot'))
    const healed = await stack.proxies.mongo.inject({
      type: 'latency',
      attributes: { latency: MONGO_LATENCY_MS },
    })
    await killSaves(stack, file)
    await operate(stack, 'snapshot', 'save', file('cups.snapshot'))
    await killRestores(stack, file('cups.snapshot'))
    await healed()
    await operate(stack, 'snapshot', 'restore', file('cups.snapshot'))
    await expectAudited(stack, 'product')
    await load[Symbol.asyncDispose]()
    await Promise.all([...load.versions].map(([id, version]) => readable(stack.reader, id, version)))
  },
)
