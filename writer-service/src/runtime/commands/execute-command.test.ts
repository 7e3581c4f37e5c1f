import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { noteAggregate } from '../testing/note-aggregate.ts'
import { executeCommands } from './execute-command.ts'
import type { CommitResult } from './ports.ts'

/** Executes one command against a store with these results of commits, by a clock with these times in milliseconds. */
async function execute({ results, times }: { results: CommitResult[]; times: number[] }) {
  let commits = 0
  const executeCommand = executeCommands({
    store: {
      load: () => Promise.resolve([]),
      commit: () => Promise.resolve([results[commits++] ?? 'conflict']),
    },
    results: { find: () => Promise.resolve(undefined), store: () => Promise.resolve(true) },
    now: () => new Date(times.length > 1 ? times.shift()! : times[0]!),
    newAggregateId: () => randomUUID(),
    newEventId: () => randomUUID(),
    outboxIsFull: () => false,
    onCommitted: () => {},
  })
  const command = { type: 'write', line: 'a', text: 'Tea' }
  const requested = { id: randomUUID(), expectedVersion: undefined, command }
  const call = { requestId: randomUUID(), deadline: 100, idempotencyKey: undefined }
  const [result] = await Promise.allSettled([executeCommand(noteAggregate, requested, call)])
  return { commits, result }
}

test('on a conflict a command starts again', async () => {
  const { commits, result } = await execute({ results: ['conflict', 'conflict', 'committed'], times: [0] })
  expect([commits, result]).toMatchObject([3, { status: 'fulfilled', value: { version: 1 } }])
})

test('a command that has conflicts until its deadline, by the given clock, did nothing', async () => {
  const { commits, result } = await execute({ results: [], times: [0, 0, 99, 99, 100] })
  expect([commits, result]).toMatchObject([
    2,
    {
      status: 'rejected',
      reason: { code: 'deadline_exceeded', message: 'No time is left; this request did nothing' },
    },
  ])
})

test('a command whose deadline has passed is not tried', async () => {
  const { commits, result } = await execute({ results: ['committed'], times: [100] })
  expect([commits, result]).toMatchObject([0, { reason: { code: 'deadline_exceeded' } }])
})
