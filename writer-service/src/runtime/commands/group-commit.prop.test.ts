import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { faults, isBad, modelStore, pendingNote } from '../testing/model-store.ts'
import { decideBatch, type PendingCommand } from './decide-batch.ts'
import { batchExecution } from './execute-batch.ts'
import { groupCommit } from './group-commit.ts'
import type { CommandOutcome, StoredAggregate } from './ports.ts'

const sometimes = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })
const line = fc.constantFrom('a', 'b', 'c', 'd')
const write = (text: fc.Arbitrary<string>) => fc.record({ type: fc.constant('write'), line, text })
const requested = fc.record({
  id: fc.constantFrom('n1', 'n2', 'n3', 'n4'),
  command: fc.oneof(
    { weight: 20, arbitrary: write(fc.constantFrom('Tea', 'Coffee')) },
    { weight: 1, arbitrary: write(fc.constant('bad')) },
    { weight: 8, arbitrary: fc.record({ type: fc.constant('erase'), line }) },
  ),
  expectedVersion: sometimes(fc.integer({ min: 1, max: 4 })),
  key: sometimes(fc.constantFrom('k', 'l', 'm', 'n', 'o', 'p')),
})

const facts = { now: () => new Date(0), newEventId: () => randomUUID() }

/** The outcome of the command on this state, without any other command. */
function alone(command: PendingCommand, state: StoredAggregate | undefined) {
  const [group] = decideBatch([command], state ? [state] : [], facts).groups
  return { outcome: group!.decided[0]!.outcome, next: group!.commit?.next }
}

test('in any order of arrival, with any failures, each command has its result one by one', async () => {
  const script = fc.array(fc.constantFrom(...faults), { maxLength: 8, size: 'max' })
  const commands = fc.array(requested, { minLength: 1, maxLength: 24, size: 'max' })
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), commands, script, async (scheduler, requests, commitFaults) => {
      const batch = requests.map((each, n) => pendingNote({ ...each, traceparent: `c${n}` }))
      const { store, written, claims, sharedResources } = modelStore(batch, commitFaults, () =>
        scheduler.schedule(Promise.resolve()),
      )
      const executeBatch = batchExecution({
        ...facts,
        store,
        outboxIsFull: () => false,
        onCommitted: () => {},
      })
      const execute = groupCommit({ executeBatch, now: facts.now, onBatch: () => {} })
      const arrived = batch.map((each) => scheduler.schedule(Promise.resolve()).then(() => execute(each)))
      const results = await scheduler.waitFor(Promise.allSettled(arrived))

      expect(sharedResources).toEqual([])
      // The order in which the store has the events is the order one by one.
      const states = new Map<string, (StoredAggregate | undefined)[]>()
      for (const { id } of requests) states.set(id, [undefined])
      for (const { id, by, version } of written) {
        const history = states.get(id)!
        const { outcome, next } = alone(by, history.at(-1))
        expect([outcome, next?.version]).toEqual([{ type: 'done', id, version }, version])
        history.push(next)
      }
      expect(new Set(written.map(({ by }) => by.traceparent)).size).toBe(written.length)

      for (const [n, result] of results.entries()) {
        const command = batch[n]!
        const event = written.find(({ by }) => by.traceparent === command.traceparent)
        const claim = command.key && claims.get(command.key.key)
        if (result.status === 'rejected') expectReason(result.reason, command, event !== undefined)
        else if (claim)
          expect([result.value, claim.fingerprint]).toEqual([claim.outcome, command.key?.fingerprint])
        else expectOutcome(result.value, command, event?.version, states.get(command.id)!)
      }
    }),
    { numRuns: 300 },
  )
})

function expectOutcome(
  outcome: CommandOutcome,
  command: PendingCommand,
  version: number | undefined,
  states: readonly (StoredAggregate | undefined)[],
): void {
  if (version !== undefined) return expect(outcome).toEqual({ type: 'done', id: command.id, version })
  const possible = states.map((state) => alone(command, state)).filter(({ next }) => next === undefined)
  expect(possible.map((each) => each.outcome)).toContainEqual(outcome)
}

function expectReason(reason: { code?: string }, command: PendingCommand, isWritten: boolean): void {
  if (reason.code === 'outcome_unknown') return
  expect(isWritten).toBe(false)
  if (reason instanceof RangeError) expect(isBad(command)).toBe(true)
  else expect(['unavailable', 'idempotency_mismatch']).toContain(reason.code)
}
