import { randomUUID } from 'node:crypto'
import { createLog } from '@lockstep/core/log/log.ts'
import { openMongo } from '@lockstep/core/mongo/client.ts'
import { freshMongo } from '@lockstep/local-infra/fresh-names.ts'
import type { GenerationGroups, WriterState, WriterStates } from '../writer-states.ts'
import { rebuildOf } from '../rebuild-operations.ts'
import { workOnGenerations, type RebuildPorts } from '../rebuild-worker.ts'
import { takeStates } from '../../../ops/app/take-states.ts'
import { mongoGenerationData } from '../../../ops/outbound/mongo/generation-data.ts'
import { mongoGenerationRegistry } from '../mongo-generation-registry.ts'
import type { Settlement } from '../../../product/app/ports.ts'
import { productCollection } from '../../../product/outbound/mongo/product-document.ts'
import { mongoProjectionStore } from '../../../product/outbound/mongo/projection-store.ts'
import { productAt } from '../../../testing/products.ts'

const log = createLog({ service: 'test', level: 'silent' })
const never = new AbortController().signal

export type GenerationsPlayground = Awaited<ReturnType<typeof generationsPlayground>>

/** A real registry and real collections; of groups and of the writer only their answers. */
export async function generationsPlayground(mongoUrl: string, products: number) {
  const mongo = openMongo({ url: freshMongo(mongoUrl), appName: 'test' })
  const { db } = mongo
  const registry = mongoGenerationRegistry(db)
  const states = Array.from({ length: products }, (): WriterState => {
    return { state: productAt(randomUUID(), 2), ageMs: 60_000, faults: [] }
  }).toSorted((a, b) => (a.state.id < b.state.id ? -1 : 1))
  const steps: string[] = []
  const kafka = { end: 7, finished: 0, members: 0 }
  const next = (offset: number) => ({ topic: { 0: String(offset) } })
  const groups: GenerationGroups = {
    ends: async () => next(kafka.end),
    pin: async (group, pins) => void steps.push(`pin ${group} at ${pins['topic']?.['0']}`),
    behind: async (_, ends) => Math.max(0, Number(ends['topic']?.['0']) - kafka.finished),
    remove: async (group) => {
      steps.push(`remove ${group}`)
      return kafka.members === 0
    },
  }
  const list: WriterStates['list'] = async ({ after, limit }) => {
    steps.push(`states behind ${states.findIndex(({ state }) => state.id === after) + 1}`)
    return states.filter(({ state }) => state.id > (after ?? '')).slice(0, limit)
  }
  const find: WriterStates['find'] = async (ids) =>
    new Map(states.filter(({ state }) => ids.includes(state.id)).map((each) => [each.state.id, each]))
  const writer: WriterStates = { list, find }
  const settled: Settlement[] = []
  const cache = { settle: async (settlements: readonly Settlement[]) => void settled.push(...settlements) }
  const take: RebuildPorts['take'] = async (number, taken) => {
    const store = mongoProjectionStore(model(number))
    await takeStates({ store, cache, hints: { announce: () => {} } })(taken)
  }
  const data = mongoGenerationData(db)
  const model = (number: number) => productCollection(db, number === 0 ? 'products' : `products_g${number}`)
  const ports: RebuildPorts = { registry, groups, data, take, writer, log, pageSize: 5, hearWithinMs: 0 }
  return {
    db,
    registry,
    states,
    steps,
    kafka,
    groups,
    writer,
    ports,
    settled,
    rebuild: rebuildOf({ registry, groups, count: async () => products }),
    model,
    work: (owner = 'replica', stop = never) => workOnGenerations(ports, owner, stop),
    phases: async () => (await registry.read()).generations.map(({ phase }) => phase),
    /** As an operator has it dropped. */
    async drop(number: number) {
      const { generations } = await registry.read()
      return registry.drop(
        generations.find((each) => each.number === number)!,
        products,
      )
    },
    [Symbol.asyncDispose]: () => mongo[Symbol.asyncDispose](),
  }
}

/** Two models; queries see the new one. */
export async function rebuiltPlayground(mongoUrl: string, products: number): Promise<GenerationsPlayground> {
  const place = await generationsPlayground(mongoUrl, products)
  await place.registry.begin(products)
  place.kafka.finished = 7
  for (let step = 0; step < 4; step++) await place.work()
  const { active } = await place.registry.read()
  if (active !== 1) throw new Error('queries do not see the new model')
  return place
}
