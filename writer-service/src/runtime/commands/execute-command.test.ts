import { randomUUID } from 'node:crypto'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import { expect, test } from 'vitest'
import { noteAggregate } from '../testing/note-aggregate.ts'
import { executeCommands } from './execute-command.ts'
import type { CommitResult, EventStore, PendingCommit } from './ports.ts'

type Commit = (batch: readonly PendingCommit[]) => readonly CommitResult[] | Promise<readonly CommitResult[]>

/** Executes commands against a store without aggregates, by a clock in milliseconds. */
function writer(commit: Commit, clock: () => number = () => 0) {
  const batches: number[] = []
  const store: EventStore = {
    load: () => Promise.resolve([]),
    findClaims: () => Promise.resolve(new Map()),
    claim: (claims) => Promise.resolve(new Set(claims.map(({ key }) => key))),
    commit: async (batch) => [...(await commit(batch))],
  }
  const executeCommand = executeCommands({
    store,
    now: () => new Date(clock()),
    newAggregateId: () => randomUUID(),
    newEventId: () => randomUUID(),
    outboxIsFull: () => false,
    onCommitted: () => {},
    onBatch: (commands) => void batches.push(commands),
  })
  const write = (text: string, { id = randomUUID(), deadline = 100 } = {}) =>
    executeCommand(
      noteAggregate,
      { id, expectedVersion: undefined, command: { type: 'write', line: 'a', text } },
      { requestId: randomUUID(), deadline, idempotencyKey: undefined },
    )
  return { write, batches }
}

const committed: Commit = (batch) => batch.map(() => 'committed')

/** Commits in turn with these results, then with the last one. */
const inTurn = (...results: CommitResult[]): Commit => {
  return (batch) => {
    const result = results.length > 1 ? results.shift()! : results[0]!
    return batch.map(() => result)
  }
}

test('a command repeats after a conflict', async () => {
  const { write, batches } = writer(inTurn('conflict', 'conflict', 'committed'))
  expect(await write('Tea')).toMatchObject({ version: 1 })
  expect(batches).toEqual([1, 1, 1])
})

test('a command that has conflicts until its deadline, by the given clock, did nothing', async () => {
  let time = 0
  const { write } = writer(inTurn('conflict'), () => time++)
  await expect(write('Tea')).rejects.toMatchObject({
    code: 'deadline_exceeded',
    message: 'No time is left; this request did nothing',
  })
})

test('a command whose deadline has passed is not tried', async () => {
  const { write, batches } = writer(committed, () => 100)
  await expect(write('Tea')).rejects.toMatchObject({ code: 'deadline_exceeded' })
  expect(batches).toEqual([])
})

test('commands that arrive while batches are in flight form the next one', async () => {
  const release = Promise.withResolvers<void>()
  const { write, batches } = writer(async (batch) => {
    await release.promise
    return committed(batch)
  })
  const results = []
  for (let n = 0; n < 10; n++) {
    results.push(write(`Tea ${n}`))
    await new Promise(setImmediate)
  }
  release.resolve()
  expect(await Promise.all(results)).toHaveLength(10)
  expect(batches).toEqual([1, 1, 8])
})

test('commands on one aggregate are never in two batches at the same time', async () => {
  const id = randomUUID()
  const release = Promise.withResolvers<void>()
  const { write, batches } = writer(async (batch) => {
    await release.promise
    return committed(batch)
  })
  const results = []
  for (let n = 0; n < 5; n++) {
    results.push(write(`Tea ${n}`, { id }))
    await new Promise(setImmediate)
  }
  expect(batches).toEqual([1])
  release.resolve()
  await Promise.all(results)
  expect(batches).toEqual([1, 4])
})

test('a command that waits behind a statement that hangs is refused at its deadline', async () => {
  let time = 0
  const hang = new Promise<readonly CommitResult[]>(() => {})
  const { write, batches } = writer(
    () => hang,
    () => time,
  )
  for (let n = 0; n < 2; n++) {
    void write('Tea')
    await new Promise(setImmediate)
  }
  const waiting = write('Tea', { deadline: 50 })
  await new Promise(setImmediate)
  time = 50
  await expect(waiting).rejects.toMatchObject({ code: 'deadline_exceeded' })
  expect(batches).toEqual([1, 1])
})

test('a group that began too late fails only the commands whose own deadline has passed', async () => {
  const id = randomUUID()
  let time = 0
  const { write } = writer(
    (batch) => {
      const late = batch.some(({ deadline }) => deadline <= 50)
      time = 50
      return batch.map(() => (late ? 'too_late' : 'committed'))
    },
    () => time,
  )
  const [short, long] = await Promise.allSettled([
    write('Tea', { id, deadline: 50 }),
    write('Coffee', { id, deadline: 100 }),
  ])
  expect(short).toMatchObject({ reason: { code: 'deadline_exceeded' } })
  expect(long).toMatchObject({ value: { version: 1 } })
})

test('a command that makes the whole statement fail fails alone', async () => {
  const bad = randomUUID()
  const { write, batches } = writer((batch) => {
    if (batch.some(({ next }) => next.id === bad)) throw new RangeError('invalid value')
    return committed(batch)
  })
  const results = await Promise.allSettled([write('a'), write('b', { id: bad }), write('c')])
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(results[1]).toMatchObject({ reason: new RangeError('invalid value') })
  expect(batches).toEqual([3, 1, 1, 1])
})

test('an unavailable database fails the whole batch, which did nothing', async () => {
  const { write, batches } = writer(() => {
    throw new AppError('unavailable', 'away')
  })
  const results = await Promise.allSettled([write('a'), write('b')])
  const unavailable = { status: 'rejected', reason: { code: 'unavailable' } }
  expect(results).toMatchObject([unavailable, unavailable])
  expect(batches).toEqual([2])
})
