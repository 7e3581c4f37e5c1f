import type { Db, Filter, UpdateFilter } from 'mongodb'
import type { GenerationRegistry, ModelGeneration, ModelGenerations } from '../../app/model-generations.ts'

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

/** One document for all replicas: each step is one conditional write of it. */
export function mongoGenerationRegistry(db: Db): GenerationRegistry {
  const registry = db.collection<RegistryDocument>('model_generations')

  async function document(): Promise<RegistryDocument> {
    const found =
      (await registry.findOne({ _id })) ??
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
      if (Object.keys(generations).length > 1) return false
      const next = last + 1
      // `last` moves with every beginning: of two at once, one finds it moved.
      return update({ last }, { $set: { last: next, [`generations.g${next}`]: stored('pinning', total) } })
    },
    claim(number, owner, forMs) {
      const path = `generations.g${number}`
      const free = [{ [`${path}.owner`]: owner }, { [`${path}.ownedUntil`]: { $lt: new Date() } }]
      const until = new Date(Date.now() + forMs)
      return update(
        { $or: free },
        {
          $set: { [`${path}.owner`]: owner, [`${path}.ownedUntil`]: until },
        },
      )
    },
    advance(number, owner, change) {
      const path = `generations.g${number}`
      const set = Object.entries(change).map(([field, value]) => [`${path}.${field}`, value])
      return update({ [`${path}.owner`]: owner }, { $set: Object.fromEntries(set) })
    },
    present: (number, owner) =>
      update(
        { [`generations.g${number}.owner`]: owner },
        { $set: { [`generations.g${number}.phase`]: 'ready', active: number } },
      ),
    activate: (number) =>
      update(
        { [`generations.g${number}.phase`]: 'ready' },
        {
          $set: { active: number },
        },
      ),
    drop: (number) =>
      update(
        {
          active: { $ne: number },
          [`generations.g${number}`]: { $exists: true },
        },
        { $set: { [`generations.g${number}.phase`]: 'dropping' } },
      ),
    async forget(number) {
      await update({ active: { $ne: number } }, { $unset: { [`generations.g${number}`]: '' } })
    },
  }
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
