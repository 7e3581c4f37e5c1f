import { randomUUID } from 'node:crypto'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import { decideBatch, type PendingCommand } from '../commands/decide-batch.ts'
import type { Claim, EventStore, PendingCommit, StoredAggregate } from '../commands/ports.ts'
import { noteAggregate } from './note-aggregate.ts'

/**
 * What happens to one commit. `another writer`: just before, it writes the first aggregate of the batch, or claims the
 * first key of results that are stored on their own.
 */
export const faults = ['none', 'unavailable', 'response lost', 'another writer', 'too late'] as const

/** A note with this text is rejected, like a value that a database cannot store. */
const BAD = 'bad'

export const isBad = ({ command }: Pick<PendingCommand, 'command'>): boolean =>
  (command as { text?: string }).text === BAD

/** A command on a note; its traceparent identifies it. */
export function pendingNote(parts: {
  id: string
  command: PendingCommand['command']
  traceparent: string
  expectedVersion?: number | undefined
  key?: string | undefined
}): PendingCommand {
  const { id, command, expectedVersion, key, traceparent } = parts
  const fingerprint = Buffer.from(JSON.stringify([id, command, expectedVersion]))
  return {
    aggregate: noteAggregate,
    id,
    isNew: false,
    expectedVersion,
    command,
    requestId: 'r',
    key: key === undefined ? undefined : { key, fingerprint },
    traceparent,
    deadline: 1_000,
  }
}

/** The event store as its contract describes it, in memory, for properties with thousands of interleavings and faults. */
export function modelStore(
  requested: readonly PendingCommand[],
  script: readonly (typeof faults)[number][],
  pause: () => Promise<unknown>,
) {
  const aggregates = new Map<string, StoredAggregate>()
  const claims = new Map<string, Claim>()
  const commands = new Map(requested.map((each) => [each.traceparent, each]))
  const written: { id: string; version: number; by: PendingCommand }[] = []
  const inUse = new Set<string>()
  const sharedResources: string[] = []
  let calls = 0

  function write({ next, events, claims: claimed }: PendingCommit): void {
    aggregates.set(next.id, next)
    for (const { version, traceparent } of events) {
      written.push({ id: next.id, version, by: commands.get(traceparent)! })
    }
    for (const each of claimed) claims.set(each.key, each)
  }

  function writeByAnother(id: string): void {
    const traceparent = `other-${written.length}`
    const command = { type: 'write', line: 'a', text: randomUUID() }
    const pending = pendingNote({ id, command, traceparent })
    commands.set(traceparent, pending)
    const current = aggregates.get(id)
    const facts = { now: () => new Date(0), newEventId: () => randomUUID() }
    const commit = decideBatch([pending], current ? [current] : [], facts).groups[0]?.commit
    if (commit) write(commit)
  }

  /** Batches that are in flight at the same time must have nothing in common. */
  async function using(resources: readonly string[]): Promise<void> {
    const shared = resources.filter((each, index) => inUse.has(each) || resources.indexOf(each) < index)
    sharedResources.push(...shared)
    for (const each of resources) inUse.add(each)
    await pause()
    for (const each of resources) inUse.delete(each)
  }

  const store: EventStore = {
    async load(keys) {
      await pause()
      return keys.flatMap(({ id }) => aggregates.get(id) ?? [])
    },
    async findClaims(keys) {
      await pause()
      return new Map(keys.flatMap((key) => (claims.has(key) ? [[key, claims.get(key)!]] : [])))
    },
    async claim(wanted) {
      const fault = script[calls++]
      await using(wanted.map(({ key }) => key))
      const [first] = wanted
      if (fault === 'another writer' && first && !claims.has(first.key)) {
        claims.set(first.key, { ...first, outcome: { type: 'done', id: 'n0', version: 77 } })
      }
      const free = wanted.filter(({ key }) => !claims.has(key))
      for (const each of free) claims.set(each.key, each)
      return new Set(free.map(({ key }) => key))
    },
    async commit(batch) {
      const fault = script[calls++]
      await using(batch.flatMap(({ next, claims: of }) => [next.id, ...of.map(({ key }) => key)]))
      if (fault === 'unavailable') throw new AppError('unavailable', 'Nothing was done')
      if (fault === 'another writer') writeByAnother(batch[0]!.next.id)
      if (batch.some(({ events }) => events.some(({ payload }) => payload.includes(`"${BAD}"`)))) {
        throw new RangeError('a value that the database cannot store')
      }
      const taken = batch.some((each) => each.claims.some(({ key }) => claims.has(key)))
      if (taken) return batch.map(() => 'conflict')
      const results = batch.map((each, index) => {
        if (fault === 'too late' && index === 0) return 'too_late'
        if ((aggregates.get(each.next.id)?.version ?? 0) !== each.baseVersion) return 'conflict'
        write(each)
        return 'committed'
      })
      if (fault === 'response lost') throw new AppError('outcome_unknown', 'It may have been written')
      return results
    },
  }
  return { store, written, claims, sharedResources }
}
