import type { Db, Filter, UpdateFilter } from 'mongodb'
import { orUnavailable } from '../or-unavailable.ts'
import type {
  Generation,
  GenerationPhase,
  GenerationRegistry,
  GenerationStep,
  RestoredGeneration,
} from './generations.ts'

type StoredGeneration = Omit<Generation, 'number' | 'offsets' | 'target' | 'cursor' | 'from' | 'problem'> & {
  /** Absent in generations of earlier releases. */
  from?: Generation['from']
  problem?: string | undefined
  offsets: Generation['offsets'] | null
  target: Generation['target'] | null
  cursor: string | null
  owner: string
  ownedUntil: Date
}

type RegistryDocument = {
  /** The name of the read model. */
  _id: string
  active: number
  corrections: number
  /** The highest number that was ever used: a group's name is not used twice. */
  last: number
  /** By `g` and the number. */
  generations: Record<string, StoredGeneration>
}

/** So that a read does not wait for one stuck connection while queries use the others. */
const READ_TIMEOUT_MS = 4_000

/** One document per read model, for all replicas: each step is one conditional write of it. */
export function mongoGenerationRegistry(db: Db, readModel: string): GenerationRegistry {
  const registry = db.collection<RegistryDocument>('read_model_generations')
  const _id = readModel

  const document = () => fromMongo(readOrCreate)

  async function readOrCreate(): Promise<RegistryDocument> {
    const first = { active: 0, corrections: 0, last: 0, generations: { g0: newGeneration('ready', 0) } }
    const found =
      (await registry.findOne({ _id }, { signal: AbortSignal.timeout(READ_TIMEOUT_MS) })) ??
      (await registry.findOneAndUpdate(
        { _id },
        { $setOnInsert: first },
        { upsert: true, returnDocument: 'after' },
      ))
    if (!found) throw new Error(`failed to create the generations of ${readModel}`)
    return found
  }

  const update = (filter: Filter<RegistryDocument>, change: UpdateFilter<RegistryDocument>) =>
    fromMongo(async () => (await registry.updateOne({ _id, ...filter }, change)).matchedCount > 0)

  return {
    async read() {
      const { active, corrections, generations } = await document()
      const all = Object.entries(generations).map(([key, stored]) => toGeneration(key, stored))
      return { active, corrections, generations: all.toSorted((a, b) => a.number - b.number) }
    },
    async begin(total, restored) {
      const { last, generations } = await document()
      if (Object.keys(generations).length > 1) return undefined
      const number = last + 1
      // Of two concurrent calls, one finds that `last` has changed.
      const begun = await update(
        { last },
        { $set: { last: number, [pathOf(number)]: beginning(total, restored) } },
      )
      return begun ? number : undefined
    },
    claim(step, owner, forMs) {
      const path = pathOf(step.number)
      const free = [{ [`${path}.owner`]: owner }, { [`${path}.ownedUntil`]: { $lt: new Date() } }]
      const ownedUntil = new Date(Date.now() + forMs)
      return update({ ...inPhase(step), $or: free }, { $set: fieldsOf(step.number, { owner, ownedUntil }) })
    },
    async release(step, owner) {
      const free = { owner: '', ownedUntil: new Date(0) }
      await update({ [`${pathOf(step.number)}.owner`]: owner }, { $set: fieldsOf(step.number, free) })
    },
    advance: (step, owner, change) => update(ownedStep(step, owner), { $set: fieldsOf(step.number, change) }),
    finish: (step, owner) =>
      update(ownedStep(step, owner), {
        $set: { ...fieldsOf(step.number, { phase: 'ready' }), active: step.number },
      }),
    activate: (number) => update(inPhase({ number, phase: 'ready' }), { $set: { active: number } }),
    drain: (step) =>
      update(
        { ...inPhase(step), active: { $ne: step.number } },
        { $set: fieldsOf(step.number, { phase: 'draining' }) },
      ),
    async remove(number) {
      await update({ active: { $ne: number } }, { $unset: { [pathOf(number)]: '' } })
    },
    async corrected(active) {
      await update({ active }, { $inc: { corrections: 1 } })
    },
  }
}

function pathOf(number: number): string {
  return `generations.g${number}`
}

function fieldsOf(number: number, change: Partial<StoredGeneration>) {
  return Object.fromEntries(
    Object.entries(change).map(([field, value]) => [`${pathOf(number)}.${field}`, value]),
  )
}

/** An operator may have dropped the generation since the step began. */
function inPhase({ number, phase }: GenerationStep): Filter<RegistryDocument> {
  return { [`${pathOf(number)}.phase`]: phase }
}

function ownedStep(step: GenerationStep, owner: string): Filter<RegistryDocument> {
  return { ...inPhase(step), [`${pathOf(step.number)}.owner`]: owner }
}

function toGeneration(key: string, stored: StoredGeneration): Generation {
  const { owner: _owner, ownedUntil: _ownedUntil, ...generation } = stored
  return {
    ...generation,
    number: Number(key.slice(1)),
    from: generation.from ?? 'writer',
    problem: generation.problem,
    offsets: generation.offsets ?? undefined,
    target: generation.target ?? undefined,
    cursor: generation.cursor ?? undefined,
  }
}

function beginning(total: number, restored: RestoredGeneration | undefined): StoredGeneration {
  if (!restored) return newGeneration('setting_offsets', total)
  const { offsets, owner, forMs } = restored
  const ownedUntil = new Date(Date.now() + forMs)
  return { ...newGeneration('restoring', total), from: 'snapshot', offsets, owner, ownedUntil }
}

function newGeneration(phase: GenerationPhase, total: number): StoredGeneration {
  return {
    phase,
    offsets: null,
    target: null,
    cursor: null,
    copied: 0,
    total,
    startedAt: new Date(),
    owner: '',
    ownedUntil: new Date(0),
  }
}

function fromMongo<T>(work: () => Promise<T>): Promise<T> {
  return orUnavailable('The generations of the read model cannot be reached', work)
}
