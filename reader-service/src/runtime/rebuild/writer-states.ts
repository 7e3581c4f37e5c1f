import type { ProductState } from '../../product/domain/product.ts'

/** A product as the writer has it. */
export type WriterState = {
  state: ProductState
  /** How long it has had this version, ms. */
  ageMs: number
  /** In what it differs from its own last event. */
  faults: readonly string[]
}

/** The writer's states. Rejects with `unavailable`. */
export type WriterStates = {
  /** In the order of ids: behind `after` up to `upTo`, both left out at the ends. */
  list: (range: {
    after: string | undefined
    upTo: string | undefined
    limit: number
  }) => Promise<WriterState[]>
  find: (ids: readonly string[]) => Promise<Map<string, WriterState>>
}

/** What a store holds of a product. */
export type Held = {
  id: string
  version: number
  /** The fields that are not as the truth, which has the same version, wants them. */
  differences: (truth: ProductState) => string[]
}

/** The read model as an audit sees it. Rejects with `unavailable`. */
export type AuditedModel = {
  /** In the order of ids. */
  list: (after: string | undefined, limit: number) => Promise<Held[]>
  find: (ids: readonly string[]) => Promise<Map<string, Held>>
  /** About how many products it has. */
  count: () => Promise<number>
  /** Writes the truth if the model has nothing, or an older version. */
  advance: (truth: ProductState) => Promise<boolean>
  /** Puts the truth in the place of what was seen, if that is still there. */
  replace: (seenVersion: number, truth: ProductState) => Promise<boolean>
  /** Removes what was seen, if it is still there. */
  remove: (id: string, seenVersion: number) => Promise<boolean>
}

/** The cache as an audit sees it. Rejects with `unavailable`. */
export type AuditedCache = {
  /** Undefined while it is closed: nobody is answered from it then. */
  find: (ids: readonly string[]) => Promise<Map<string, Held> | undefined>
  /** Removes the entry, and ends the lease of whoever is about to fill it. */
  drop: (id: string) => Promise<void>
}

/** Next offsets by topic and partition. */
export type TopicOffsets = Record<string, Record<string, string>>

/** The consumer groups of generations. Rejects while the brokers do not answer. */
export type GenerationGroups = {
  /** Where what a projection reads ends now. */
  ends: () => Promise<TopicOffsets>
  /** Has the group, which has no members yet, begin there. */
  pin: (group: string, offsets: TopicOffsets) => Promise<void>
  /** How many records lie between what the group has finished and these offsets. */
  behind: (group: string, offsets: TopicOffsets) => Promise<number>
  /** Forgets the group, if there is one; false while it has members. */
  remove: (group: string) => Promise<boolean>
}

/** The data of a generation. */
export type GenerationData = {
  /** The collection with the indexes that the one in use has. */
  prepare: (number: number, like: number) => Promise<void>
  /** Writes what is newer than what it has. */
  apply: (number: number, states: readonly ProductState[]) => Promise<void>
  drop: (number: number) => Promise<void>
}
