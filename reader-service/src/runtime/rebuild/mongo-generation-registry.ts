import type { Db, Filter, UpdateFilter } from 'mongodb'
import type {
  GenerationRegistry,
  GenerationStep,
  ModelGeneration,
  ModelGenerations,
} from './generations.ts'

type Stored = Omit<ModelGeneration, 'number' | 'pins' | 'cursor'> & {
  pins: ModelGeneration['pins'] | null
  cursor: string | null
  owner: string
  ownedUntil: Date
}

type RegistryDocument = {
  _id: string
  active: number
  /** The highest number there ever was: a group's name is not used twice. */
  last: number
  generations: Record<string, Stored>
}

const _id = 'products'

/** A look at it must not hang with one connection while queries get on with others. */
const READ_WITHIN_MS = 4_000

/** One document for all replicas: each step is one conditional write of it. */
export function mongoGenerationRegistry(db: Db): GenerationRegistry {
  const registry = db.collection<RegistryDocument>('model_generations')

  async function document(): Promise<RegistryDocument> {
    const found =
      (await registry.findOne({ _id }, { signal: AbortSignal.timeout(READ_WITHIN_MS) })) ??
      (await registry.findOneAndUpdate(
        { _id },
        { $setOnInsert: { active: 0, last: 0, generations: { g0: stored('ready', 0) } } },
        { upsert: true, returnDocument: 'after' },
      ))
    if (!found) throw new Error('the document is neither there nor was it made')
    return found
  }

  async function update(filter: Filter<RegistryDocument>, change: UpdateFilter<RegistryDocument>) {
    return (await registry.updateOne({ _id, ...filter }, change)).matchedCount > 0
  }

  return {
    async read(): Promise<ModelGenerations> {
      const { active, generations } = await document()
      const all = Object.entries(generations).map(([key, { owner: _o, ownedUntil: _u, ...generation }]) => ({
        ...generation,
        number: Number(key.slice(1)),
        pins: generation.pins ?? undefined,
        cursor: generation.cursor ?? undefined,
      }))
      return { active, generations: all.toSorted((a, b) => a.number - b.number) }
    },
    async begin(total) {
      const { last, generations } = await document()
      if (Object.keys(generations).length > 1) return undefined
      const next = last + 1
      // `last` moves with every beginning: of two at once, one finds it moved.
      const generation = stored('pinning', total)
      const begun = await update({ last }, { $set: { last: next, [`generations.g${next}`]: generation } })
      return begun ? next : undefined
    },
    claim(step, owner, forMs) {
      const path = `generations.g${step.number}`
      const free = [{ [`${path}.owner`]: owner }, { [`${path}.ownedUntil`]: { $lt: new Date() } }]
      const until = new Date(Date.now() + forMs)
      return update(
        { ...inPhase(step), $or: free },
        {
          $set: { [`${path}.owner`]: owner, [`${path}.ownedUntil`]: until },
        },
      )
    },
    async release(step, owner) {
      const path = `generations.g${step.number}`
      await update(
        { [`${path}.owner`]: owner },
        { $set: { [`${path}.ownedUntil`]: new Date(0), [`${path}.owner`]: '' } },
      )
    },
    advance(step, owner, change) {
      const path = `generations.g${step.number}`
      return update({ ...inPhase(step), [`${path}.owner`]: owner }, { $set: fieldsOf(path, change) })
    },
    present: (step, owner) =>
      update(
        { ...inPhase(step), [`generations.g${step.number}.owner`]: owner },
        { $set: { [`generations.g${step.number}.phase`]: 'ready', active: step.number } },
      ),
    activate: (number) =>
      update(
        { [`generations.g${number}.phase`]: 'ready' },
        {
          $set: { active: number },
        },
      ),
    drop: (step, total) => {
      const path = `generations.g${step.number}`
      const retiring = { phase: 'retiring', cursor: null, written: 0, total }
      const change = step.phase === 'ready' ? retiring : { phase: 'dropping' }
      return update({ ...inPhase(step), active: { $ne: step.number } }, { $set: fieldsOf(path, change) })
    },
    async forget(number) {
      await update({ active: { $ne: number } }, { $unset: { [`generations.g${number}`]: '' } })
    },
  }
}

function fieldsOf(path: string, change: object) {
  return Object.fromEntries(Object.entries(change).map(([field, value]) => [`${path}.${field}`, value]))
}

/** An operator may have dropped it since whoever does the step looked. */
function inPhase({ number, phase }: GenerationStep): Filter<RegistryDocument> {
  return { [`generations.g${number}.phase`]: phase }
}

function stored(phase: Stored['phase'], total: number): Stored {
  return {
    phase,
    pins: null,
    cursor: null,
    written: 0,
    total,
    startedAt: new Date(),
    owner: '',
    ownedUntil: new Date(0),
  }
}
