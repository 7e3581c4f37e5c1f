import { projectionGroup } from '@lockstep/contracts/topics.ts'
import type { Random } from '../runner/random.ts'
import type { StoredEvent } from '../evidence/evidence.ts'
import type { Command, Outcome, Protocol, Query, ReadResult, State } from '../evidence/history.ts'
import type { Reader, Writer } from '../system/services.ts'

/**
 * An aggregate as the harness sees it: its commands, its queries, and where the system stores evidence about it. The
 * traffic, the checkers and the scenarios know nothing else about an aggregate. A new one is a file beside this one and
 * an entry in all.ts.
 */
export type Subject = {
  /** The type of the aggregate, as in `product.events`. */
  type: string
  topic: string
  /** The consumer group of its projection, which names its error topic. */
  group: string
  /** The values of the header `ce_type` in its topic. */
  eventTypes: readonly string[]

  /** A command that creates an aggregate. Without an id, the writer generates it. */
  create(id?: string): Command
  /** The next command of a client for an aggregate that exists, as far as the client knows. */
  next(id: string, random: Random): Command
  /** Describes the rule of the aggregate that the state breaks; undefined when it satisfies all of them. */
  brokenRule(state: State): string | undefined
  /** Describes why the event cannot follow the state before it; undefined when it can. */
  brokenStep(before: State, event: StoredEvent): string | undefined
  /** Whether an acknowledged command of this type deletes the aggregate. */
  deletes(commandType: string): boolean
  send(writer: Writer, protocol: Protocol, command: Command): Promise<Outcome>
  query(reader: Reader, protocol: Protocol, query: Query): Promise<ReadResult>

  /** Reads an event of the store or the topic. Throws when the bytes are not an event of this aggregate. */
  decode(payload: Buffer): StoredEvent
  /** `collection`: of its first generation. */
  readModel: { collection: string; stateOf(document: Readonly<Record<string, unknown>>): State }
  totals: Totals
  /** Only if the reader keeps its history. */
  changes?: { readModel: string; path(id: string): string }
}

/** The totals that the reader keeps of an aggregate. */
export type Totals = {
  readModel: string
  path: string
  /** The field of an item that names its group, and the parameter with the id whose version a query waits for. */
  groupName: string
  idName: string
  /** What a state adds to the totals; undefined for nothing. The value is not negative. */
  shareOf(state: State): { group: string; value: number } | undefined
}

/** The consumer groups of the read models of its topic. */
export function groupsOf({ group, totals, changes }: Subject): string[] {
  const others = [totals, ...(changes ? [changes] : [])]
  return [group, ...others.map(({ readModel }) => projectionGroup(readModel))]
}

/** An aggregate that the clients share; a deleted one makes room for another. */
export type Slot = { subject: Subject; id: string | undefined; version: number }
