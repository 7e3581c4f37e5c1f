import { projectionGroup } from '@lockstep/contracts/topics.ts'

/**
 * A generation is one build of a read model: a collection, a consumer group and cache entries. Generation 0 is the
 * first. A rebuild builds another one beside the active one, phase by phase:
 *
 * - `restoring`: only of a snapshot: one replica copies its documents, and nothing feeds it;
 * - `setting_offsets`: the offsets at which its group starts are recorded, then committed for the group;
 * - `backfilling`: every replica feeds it from the topic, and one copies the writer's states into it;
 * - `catching_up`: it has all states, and its group consumes what was published during the backfill, or since the
 *   snapshot was saved;
 * - `auditing`: only of a snapshot: it is compared with the writer;
 * - `ready`: it is, or can become, the active generation, the one that queries use;
 * - `draining`: it is being dropped: replicas stop feeding it and leave its group;
 * - `dropping`: no replica uses it, and its data are deleted.
 */
export type Generation = {
  number: number
  phase: GenerationPhase
  /** What it is built from. */
  from: 'writer' | 'snapshot'
  /** Why it is being dropped, if it could not be used. */
  problem: string | undefined
  /** Undefined until they are recorded. */
  offsets: TopicOffsets | undefined
  /** The ends of the topics after the backfill; undefined until they are recorded. */
  target: TopicOffsets | undefined
  /** The last id that was copied from the writer's states. */
  cursor: string | undefined
  /** States of the writer that were copied into it. */
  copied: number
  /** About how many there are. */
  total: number
  startedAt: Date
}

export type GenerationPhase =
  | 'restoring'
  | 'setting_offsets'
  | 'backfilling'
  | 'catching_up'
  | 'auditing'
  | 'ready'
  | 'draining'
  | 'dropping'

type InPhase = Pick<Generation, 'phase'>

/** Whether every replica feeds it from the topic. */
export function isFed({ phase }: InPhase): boolean {
  return phase === 'backfilling' || phase === 'catching_up' || phase === 'auditing' || phase === 'ready'
}

export function isBeingBuilt(generation: InPhase): boolean {
  return generation.phase !== 'ready' && !isBeingDropped(generation)
}

export function isBeingDropped({ phase }: InPhase): boolean {
  return phase === 'draining' || phase === 'dropping'
}

export type Generations = {
  active: number
  /**
   * Increases when a repair ends: the read model agrees with the writer then, so versions above it that replicas
   * returned before do not count any more.
   */
  corrections: number
  generations: readonly Generation[]
}

export type GenerationChange = Partial<Omit<Generation, 'number' | 'startedAt' | 'from'>>

/** A generation that a snapshot is copied into; its claim is taken in the same write. */
export type RestoredGeneration = { offsets: TopicOffsets; owner: string; forMs: number }

/** The work on a generation in one phase; it is void once the generation is in another phase. */
export type GenerationStep = Pick<Generation, 'number' | 'phase'>

/** What all replicas know about the generations of one read model. Rejects with `unavailable` while MongoDB does not respond. */
export type GenerationRegistry = {
  read: () => Promise<Generations>
  /** Adds another generation and returns its number; undefined if there are two already. */
  begin: (total: number, restored?: RestoredGeneration) => Promise<number | undefined>
  /** Takes or keeps the claim on a step; false while another replica has it, and when the step is void. */
  claim: (step: GenerationStep, owner: string, forMs: number) => Promise<boolean>
  /** Gives the claim back, so that another replica can take it at once. */
  release: (step: GenerationStep, owner: string) => Promise<void>
  /** Changes a generation if this replica still has the claim on this step. */
  advance: (step: GenerationStep, owner: string, change: GenerationChange) => Promise<boolean>
  /** Makes it ready and active in one write: no crash leaves one without the other. Conditional as `advance` is. */
  finish: (step: GenerationStep, owner: string) => Promise<boolean>
  /** Makes queries use this generation, if it is ready. */
  activate: (number: number) => Promise<boolean>
  /** Starts to drop a generation that is not active. */
  drain: (step: GenerationStep) => Promise<boolean>
  /** Removes a generation whose data are deleted. */
  remove: (number: number) => Promise<void>
  /** Increases `corrections`, if this generation is still active. */
  corrected: (active: number) => Promise<void>
}

/** Next offsets by topic and partition; decimal. */
export type TopicOffsets = Record<string, Record<string, string>>

/** The consumer groups of a read model's generations. Rejects with `unavailable` while the brokers do not respond. */
export type GenerationGroups = {
  /** The current ends of the topics that the generations consume. */
  ends: () => Promise<TopicOffsets>
  /** Where the group continues; where it has committed nothing, at the first record. */
  position: (generation: number) => Promise<TopicOffsets>
  /** Why the topics do not have all records from there on; undefined if they have. */
  gapAfter: (offsets: TopicOffsets) => Promise<string | undefined>
  /** The id of the cluster in which the offsets are valid. */
  cluster: () => Promise<string>
  /** Makes the group, which has no members yet, start there. */
  setOffsets: (generation: number, offsets: TopicOffsets) => Promise<void>
  /** The number of records between what the group has committed and these ends. */
  lag: (generation: number, ends: TopicOffsets) => Promise<number>
  /** Deletes the group, if it exists; false while it has members. */
  remove: (generation: number) => Promise<boolean>
}

/** Without an underscore, which separates the number of a generation from the name in `product_g1`. */
const namePattern = /^[a-z][a-z0-9-]*$/

/** Throws if it cannot name the collections and groups of a read model. */
export function readModelName(name: string): string {
  if (namePattern.test(name)) return name
  throw new Error(`"${name}" cannot name a read model: use lower case, digits and hyphens`)
}

/** The names of what one generation has for itself. */
export function generationNames(
  readModel: string,
  generation: number,
): { collection: string; group: string } {
  const group = projectionGroup(readModel)
  if (generation === 0) return { collection: readModel, group }
  return { collection: `${readModel}_g${generation}`, group: `${group}-g${generation}` }
}
