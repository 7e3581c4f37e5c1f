import type { TopicOffsets } from './writer-states.ts'

/**
 * A read model of its own: a collection, a consumer group and cache entries. Generation 0 is the first one.
 *
 * - `pinning`: the offsets where its group begins are noted, then committed for the group;
 * - `filling`: every replica feeds it from the topic, and one writes the writer's states into it;
 * - `filled`: all states are in it, and its group comes near the end of the topic;
 * - `ready`: it is, or may become, the one that queries see;
 * - `retiring`: replicas stop feeding it, and still answer with what it has until the one in use has at least that;
 * - `dropping`: replicas let it go, then its data go.
 */
export type ModelGeneration = {
  number: number
  phase: 'pinning' | 'filling' | 'filled' | 'ready' | 'retiring' | 'dropping'
  /** Undefined until they are noted. */
  pins: TopicOffsets | undefined
  /** The last id that was written, or brought up to, from the writer's states. */
  cursor: string | undefined
  /** The states of the writer that are in it; once it retires, those that the one in use has. */
  written: number
  /** About how many there are. */
  total: number
  startedAt: Date
}

export type ModelGenerations = { active: number; generations: readonly ModelGeneration[] }

export type GenerationChange = Partial<Omit<ModelGeneration, 'number' | 'startedAt'>>

/** What there is to do on a generation: there is nothing any more once it is in another phase. */
export type GenerationStep = Pick<ModelGeneration, 'number' | 'phase'>

/** What all replicas know of the generations. Rejects while it cannot be read or written. */
export type GenerationRegistry = {
  read: () => Promise<ModelGenerations>
  /** Begins another generation and gives its number; undefined when there are two already. */
  begin: (total: number) => Promise<number | undefined>
  /** Takes or keeps the work on a step: false while another replica has it, and when the step is over. */
  claim: (step: GenerationStep, owner: string, forMs: number) => Promise<boolean>
  /** Gives the work back, for a replica that can do it. */
  release: (step: GenerationStep, owner: string) => Promise<void>
  /** Changes a generation, if this replica still has the work on this step of it. */
  advance: (step: GenerationStep, owner: string, change: GenerationChange) => Promise<boolean>
  /** Ready, and seen by queries, in one write: no crash leaves one without the other. Conditional as `advance` is. */
  present: (step: GenerationStep, owner: string) => Promise<boolean>
  /** Has queries see this generation, if it is ready. */
  activate: (number: number) => Promise<boolean>
  /** Begins to drop a generation that queries do not see: it retires first if they may have seen it, for `total` states. */
  drop: (step: GenerationStep, total: number) => Promise<boolean>
  forget: (number: number) => Promise<void>
}

const fedPhases: readonly ModelGeneration['phase'][] = ['filling', 'filled', 'ready']

/** Whether every replica feeds it. */
export function isFed({ phase }: ModelGeneration): boolean {
  return fedPhases.includes(phase)
}

const names = { collection: 'products', group: 'product-projection' }

/** The names of what belongs to a generation alone. */
export function namesOf(number: number): { collection: string; group: string } {
  if (number === 0) return names
  return { collection: `${names.collection}_g${number}`, group: `${names.group}-g${number}` }
}
