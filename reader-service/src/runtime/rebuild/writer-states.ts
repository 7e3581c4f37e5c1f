import type { SourceState } from '../read-model.ts'

/** An aggregate as the writer has it. */
export type WriterState = {
  id: string
  version: number
  /** The state after its last event; undefined if the event store has no event of this id. */
  state: SourceState | undefined
  /** How long it has had this version, ms. */
  ageMs: number
  /** The fields in which the stored state differs from its last event. */
  mismatches: readonly string[]
}

/** The writer's states of one aggregate type. Rejects with `unavailable`. */
export type WriterStates = {
  /** In the order of ids: those after `after` up to and including `upTo`. */
  list: (range: {
    after: string | undefined
    upTo: string | undefined
    limit: number
  }) => Promise<WriterState[]>
  find: (ids: readonly string[]) => Promise<Map<string, WriterState>>
}
