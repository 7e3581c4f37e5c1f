/** What callers did and what they were told; the checkers of this folder compare it with what the system keeps. */
export type History = { commands: readonly Attempt[]; reads: readonly Read[] }

export type Protocol = 'http' | 'grpc'

export type Command = {
  type: 'create' | 'update' | 'delete'
  /** Left out of a creation whose id the writer makes. */
  id?: string
  /** The name that the product gets by this command and by no other. */
  mark: string
  /** The same in every repetition of a command. */
  idempotencyKey?: string
}

/** A command that was sent once; each repetition is an attempt of its own. Times: ms since the epoch. */
export type Attempt = Command & {
  writer: string
  protocol: Protocol
  sentAt: number
  answeredAt: number
  outcome: Outcome
}

/** What the caller of a command knows of it. */
export type Outcome =
  | { type: 'acknowledged'; id: string; version: number }
  | { type: 'nothing_done'; code: string }
  /** It may have been done: the service said so, or no answer came. */
  | { type: 'unknown'; code: string }

export type Query = { id: string; minVersion?: number }

export type Read = Query & {
  protocol: Protocol
  /** Names the client and the process that answered; undefined when the process may have changed meanwhile. */
  connection: string | undefined
  sentAt: number
  answeredAt: number
  answer: ReadAnswer
}

export type ReadAnswer =
  | { type: 'found'; product: Product }
  | { type: 'not_found' }
  | { type: 'failed'; code: string }

/** A product as callers see it, or what is left of a deleted one. Times as RFC 3339 with milliseconds. */
export type ProductState = Product | { id: string; version: number; deleted: true }

export type Product = {
  id: string
  version: number
  deleted: false
  name: string
  description: string
  category: string
  priceCents: number
  createdAt: string
  updatedAt: string
}

/** What was done to the system: a fault, its end, a start. */
export type TimelineEntry = { at: number; what: string }
