/** What callers did and which responses they got; the checkers compare it with what the system stores. */
export type History = Readonly<{ [Part in keyof Recording]: readonly Recording[Part][number][] }>

/** What clients did so far; grows while they run. */
export type Recording = {
  commands: Attempt[]
  reads: Read[]
  /** Queries of the totals that the reader keeps of a subject. */
  totals: TotalsRead[]
  /** Queries of what changed in an aggregate. */
  changes: ChangesRead[]
}

export const newRecording = (): Recording => ({ commands: [], reads: [], totals: [], changes: [] })

/** The parts of a history that are queries. */
export function queriesOf({ reads, totals, changes }: History): (Read | TotalsRead | ChangesRead)[] {
  return [...reads, ...totals, ...changes]
}

export type Protocol = 'http' | 'grpc'

export type Command = {
  /** The type of the aggregate: see subjects/. */
  subject: string
  type: string
  /** Absent from a creation whose id the writer generates. */
  id?: string
  /** Identifies the command in its event: no other command has this mark. */
  mark: string
  /** The same in every repetition of a command. */
  idempotencyKey?: string
  /** What the command needs besides. */
  input?: Readonly<Record<string, unknown>>
  /** A state with these values already is as the command requests it: it is acknowledged without an event. */
  unchangedIf?: Readonly<Record<string, unknown>>
}

/** A command that was sent once; each repetition is an attempt of its own. Times: ms since the epoch. */
export type Attempt = Command & {
  writer: string
  protocol: Protocol
  sentAt: number
  completedAt: number
  outcome: Outcome
}

/** What the caller of a command knows about it. */
export type Outcome =
  | { type: 'acknowledged'; id: string; version: number }
  | { type: 'nothing_done'; code: string }
  /** It may have been applied: the service said so, or no response arrived. */
  | { type: 'unknown'; code: string }

export type Query = { subject: string; id: string; minVersion?: number }

export type Read = Query & {
  protocol: Protocol
  /** Names the client and the process that responded; undefined when the process may have changed meanwhile. */
  connection: string | undefined
  sentAt: number
  completedAt: number
  result: ReadResult
}

export type ReadResult = { type: 'found'; state: State } | NoResult

export type NoResult = { type: 'not_found' } | { type: 'failed'; code: string }

/** Without an id it waits for nothing. `atRest`: nothing changed any more when it was sent. */
export type TotalsRead = Omit<Read, 'id' | 'result'> & {
  id?: string
  atRest?: true
  result: { type: 'found'; groups: readonly GroupTotals[]; asOf: string | undefined } | NoResult
}

export type GroupTotals = { group: string; count: number; sum: number; min: number; max: number }

/** Newest first. `whole`: down to the first version. */
export type ChangesRead = Omit<Read, 'result'> & {
  result: { type: 'found'; entries: readonly Entry[]; whole: boolean } | NoResult
}

export type Entry = {
  version: number
  type: string
  occurredAt: string
  requestId?: string | undefined
  changes: readonly { field: string; from: unknown; to: unknown }[]
}

/** An aggregate as callers see it; of a deleted one, only these three fields. Times as RFC 3339 with milliseconds. */
export type State = Readonly<{ id: string; version: number; deleted: boolean; [field: string]: unknown }>

/** What happened to the system: a fault, its end, a start. */
export type TimelineEntry = { at: number; what: string }
