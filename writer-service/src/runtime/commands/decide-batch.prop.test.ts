import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { productAggregate } from '../../product/commands.ts'
import { decideBatch, type PendingCommand } from './decide-batch.ts'
import type { StoredAggregate } from './ports.ts'

const ids = ['00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-00000000000b']
const details = { name: 'Tea', description: '', category: 'tea', priceCents: 0 }

const command = fc.oneof(
  fc.constant({ type: 'create', details }),
  fc.integer({ min: 0, max: 2 }).map((priceCents) => ({ type: 'update', changes: { priceCents } })),
  fc.constant({ type: 'delete' }),
)
const pendingCommand: fc.Arbitrary<PendingCommand> = fc
  .record({
    id: fc.constantFrom(...ids),
    command,
    expectedVersion: fc.option(fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constant('any' as const)), {
      nil: undefined,
    }),
    hasKey: fc.boolean(),
    deadline: fc.integer({ min: 1, max: 9 }),
  })
  .map(({ hasKey, ...rest }) => ({
    ...rest,
    aggregate: productAggregate,
    isNew: false,
    requestId: 'r',
    traceparent: undefined,
    key: hasKey ? { key: randomUUID(), fingerprint: Buffer.from('f') } : undefined,
  }))
const times = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1 })

/** Clocks that jump about, as those of several writers do. */
function factsAt(milliseconds: readonly number[]) {
  let calls = 0
  return { now: () => new Date(milliseconds[calls++ % milliseconds.length]!), newEventId: () => randomUUID() }
}

/** Decides one command at a time, each on the state that the previous one left. */
function oneByOne(batch: readonly PendingCommand[], clock: readonly number[]) {
  const facts = factsAt(clock)
  const stored = new Map<string, StoredAggregate>()
  const outcomes = new Map<PendingCommand, unknown>()
  const versions = new Map<string, number[]>()
  for (const each of batch) {
    const [group] = decideBatch([each], [...stored.values()], facts).groups
    outcomes.set(each, group!.decided[0]!.outcome)
    if (group!.commit === undefined) continue
    const { deleted: _, ...next } = group!.commit.next
    stored.set(each.id, next)
    versions.set(each.id, [...(versions.get(each.id) ?? []), next.version])
  }
  return { stored, outcomes, versions }
}

test('a batch has the results and the states of its commands one by one', () => {
  fc.assert(
    fc.property(fc.array(pendingCommand, { maxLength: 20 }), (batch) => {
      const clock = [0]
      const expected = oneByOne(batch, clock)
      const { groups } = decideBatch(batch, [], factsAt(clock))
      expect(groups.length).toBe(new Set(batch.map(({ id }) => id)).size)
      for (const { decided, commit } of groups) {
        for (const { of, outcome } of decided) expect(outcome).toEqual(expected.outcomes.get(of))
        const { id } = decided[0]!.of
        const { deleted, ...next } = commit?.next ?? { deleted: undefined }
        expect(commit && next).toEqual(expected.stored.get(id))
        expect(commit?.events.map(({ version }) => version)).toEqual(expected.versions.get(id))
        expect(deleted).toBe(commit && commit.next.state['deleted'])
      }
    }),
  )
})

test('the versions of one aggregate have no gap, and its times do not run backwards', () => {
  fc.assert(
    fc.property(fc.array(pendingCommand, { maxLength: 20 }), times, (batch, clock) => {
      for (const { commit } of decideBatch(batch, [], factsAt(clock)).groups) {
        if (commit === undefined) continue
        const { events, next, baseVersion } = commit
        expect(events.map(({ version }) => version)).toEqual(events.map((_, n) => baseVersion + n + 1))
        expect(next.version).toBe(events.at(-1)?.version)
        const occurred = events.map(({ occurredAt }) => occurredAt.getTime())
        expect(occurred).toEqual(occurred.toSorted((a, b) => a - b))
        expect([next.createdAt, next.updatedAt]).toEqual([events[0]?.occurredAt, events.at(-1)?.occurredAt])
      }
    }),
  )
})

test('a group claims the key of each of its commands, and has the earliest deadline', () => {
  fc.assert(
    fc.property(fc.array(pendingCommand, { maxLength: 20 }), (batch) => {
      for (const { decided, claims, commit } of decideBatch(batch, [], factsAt([0])).groups) {
        const withKey = decided.filter(({ of }) => of.key)
        expect(claims).toEqual(withKey.map(({ of, outcome }) => ({ ...of.key, outcome })))
        if (commit === undefined) continue
        expect(commit.claims).toEqual(claims)
        expect(commit.deadline).toBe(Math.min(...decided.map(({ of }) => of.deadline)))
      }
    }),
  )
})

test('a batch that is cut after any number of bytes has the same results as its parts', () => {
  fc.assert(
    fc.property(
      fc.array(pendingCommand, { maxLength: 20 }),
      fc.integer({ min: 1, max: 400 }),
      (batch, max) => {
        const whole = oneByOne(batch, [0])
        const stored = new Map<string, StoredAggregate>()
        let left: readonly PendingCommand[] = batch
        while (left.length > 0) {
          const { groups, rest } = decideBatch(left, [...stored.values()], factsAt([0]), max)
          expect(rest.length).toBeLessThan(left.length)
          for (const { decided, commit } of groups) {
            for (const { of, outcome } of decided) expect(outcome).toEqual(whole.outcomes.get(of))
            if (commit) stored.set(commit.next.id, commit.next)
            // Only the last event of a batch may exceed the limit.
            const bytes =
              commit?.events.slice(0, -1).reduce((sum, { payload }) => sum + payload.length, 0) ?? 0
            expect(bytes).toBeLessThan(max)
          }
          left = rest
        }
      },
    ),
  )
})

test('a command on which the slice throws fails alone', () => {
  const broken = {
    ...productAggregate,
    decide: () => {
      throw new TypeError('broken')
    },
  }
  fc.assert(
    fc.property(fc.array(fc.tuple(pendingCommand, fc.boolean()), { maxLength: 20 }), (pairs) => {
      const batch = pairs.map(([each, isBroken]) => (isBroken ? { ...each, aggregate: broken } : each))
      const { outcomes } = oneByOne(
        batch.filter(({ aggregate }) => aggregate !== broken),
        [0],
      )
      const { groups, failed } = decideBatch(batch, [], factsAt([0]))
      expect(failed.map(({ of }) => of)).toEqual(batch.filter(({ aggregate }) => aggregate === broken))
      const decided = new Map(
        groups.flatMap((group) => group.decided).map(({ of, outcome }) => [of, outcome]),
      )
      expect(decided).toEqual(outcomes)
    }),
  )
})
