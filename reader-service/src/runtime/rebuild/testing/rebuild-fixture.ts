import { randomUUID } from 'node:crypto'
import { createLog } from '@lockstep/core/log/log.ts'
import { openMongo } from '@lockstep/core/mongo/client.ts'
import { freshMongo } from '@lockstep/testkit/fresh-names.ts'
import { generationNames, type GenerationGroups } from '../generations.ts'
import { mongoGenerationRegistry } from '../mongo-generation-registry.ts'
import { rebuildOperations } from '../rebuild-operations.ts'
import { workOnGenerations, type RebuildPorts } from '../rebuild-worker.ts'
import type { WriterState, WriterStates } from '../writer-states.ts'
import { noteAt, noteReadModel } from '../../testing/notes.ts'

const log = createLog({ service: 'test', level: 'silent' })
const never = new AbortController().signal

export type RebuildFixture = Awaited<ReturnType<typeof rebuildFixture>>

/** A real registry and real collections of the read model `note`; fakes of its groups and of the writer. */
export async function rebuildFixture(mongoUrl: string, notes: number) {
  const mongo = openMongo({ url: freshMongo(mongoUrl), appName: 'test' })
  const { db } = mongo
  const readModel = 'note'
  const registry = mongoGenerationRegistry(db, readModel)
  const states = Array.from({ length: notes }, () => writerStateAt(randomUUID(), 2)).toSorted((a, b) =>
    a.id < b.id ? -1 : 1,
  )
  const steps: string[] = []
  const kafka = {
    end: 7,
    committed: 0,
    members: 0,
    cluster: 'here',
    gap: undefined as string | undefined,
  }
  const groups: GenerationGroups = {
    ends: async () => ({ topic: { 0: String(kafka.end) } }),
    position: async () => ({ topic: { 0: String(kafka.committed) } }),
    gapAfter: async () => kafka.gap,
    cluster: async () => kafka.cluster,
    setOffsets: async (generation, offsets) =>
      void steps.push(`set offsets of ${generation} to ${offsets['topic']?.['0']}`),
    lag: async (_, ends) => Math.max(0, Number(ends['topic']?.['0']) - kafka.committed),
    remove: async (generation) => {
      steps.push(`remove group of ${generation}`)
      return kafka.members === 0
    },
  }
  const audited = { problem: undefined as string | undefined }
  const writer: WriterStates = {
    async list({ after, limit }) {
      steps.push(`list states after ${states.findIndex(({ id }) => id === after) + 1}`)
      return states.filter(({ id }) => id > (after ?? '')).slice(0, limit)
    },
    find: async (ids) =>
      new Map(states.filter(({ id }) => ids.includes(id)).map((state) => [state.id, state])),
  }
  const collection = (generation: number) =>
    db.collection<{ _id: string; version: number }>(generationNames(readModel, generation).collection)
  const storeOf = (generation: number) =>
    noteReadModel.openStore(db, generationNames(readModel, generation).collection)
  const ports: RebuildPorts = {
    readModel,
    registry,
    groups,
    storeOf,
    writer,
    audit: async () => audited.problem,
    log,
    pageSize: 5,
    readByAllMs: 0,
  }
  return {
    db,
    registry,
    states,
    steps,
    kafka,
    audited,
    groups,
    writer,
    ports,
    collection,
    storeOf,
    operations: rebuildOperations({ readModel, registry, groups, count: async () => notes }),
    work: (owner = 'replica', stop = never) => workOnGenerations(ports, owner, stop),
    phases: async () => (await registry.read()).generations.map(({ phase }) => phase),
    /** As an operator drops it. */
    async drain(number: number) {
      const { generations } = await registry.read()
      return registry.drain(generations.find((each) => each.number === number)!)
    },
    [Symbol.asyncDispose]: () => mongo[Symbol.asyncDispose](),
  }
}

/** Two generations; the new one is active. */
export async function rebuiltFixture(mongoUrl: string, notes: number): Promise<RebuildFixture> {
  const fixture = await rebuildFixture(mongoUrl, notes)
  await fixture.registry.begin(notes)
  fixture.kafka.committed = 7
  for (let step = 0; step < 4; step++) await fixture.work()
  const { active } = await fixture.registry.read()
  if (active !== 1) throw new Error('the new generation is not active')
  return fixture
}

export function writerStateAt(id: string, version: number): WriterState {
  return { id, version, state: noteAt(id, version), ageMs: 60_000, mismatches: [] }
}
