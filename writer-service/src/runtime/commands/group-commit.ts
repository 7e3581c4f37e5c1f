import { backoff } from '@lockstep/core/async/backoff.ts'
import { aggregateKeyOf, type PendingCommand } from './decide-batch.ts'
import { tooLate, type Attempt, type ExecuteBatch } from './execute-batch.ts'
import type { CommandOutcome } from './ports.ts'

/** A longer batch would keep its first command waiting; a shorter one costs more statements. */
const MAX_COMMANDS = 256
/** While one batch waits for the disk, the other is decided; more of them make the batches smaller. */
const MAX_IN_FLIGHT = 2
/** Longest pause before another attempt on an aggregate that another writer changes, ms. */
const MAX_BACKOFF_MS = 32
/** A command that waits behind a statement that hangs is answered this soon after its deadline, ms. */
const LATE_CHECK_MS = 100

type Waiting = {
  command: PendingCommand
  /** Its aggregate and its idempotency key: no two batches in flight may have the same. */
  aggregate: string
  key: string | undefined
  conflicts: number
  /** Whether it must be the only command of its batch. */
  alone: boolean
  resolve: (outcome: CommandOutcome) => void
  reject: (error: unknown) => void
}

/**
 * Executes commands in batches. Commands that arrive while a batch is in flight form the next one; there is no timer,
 * so a lone command begins at once. Batches that are in flight at the same time have no aggregate and no idempotency key
 * in common. After a conflict with another writer only the commands that lost are repeated, until their deadline.
 *
 * Rejects with what `executeBatch` reports for the command, or with `deadline_exceeded` before an attempt.
 */
export function groupCommit(parts: {
  executeBatch: ExecuteBatch
  now: () => Date
  onBatch: (commands: number) => void
}): (command: PendingCommand) => Promise<CommandOutcome> {
  const { executeBatch, now, onBatch } = parts
  let waiting: Waiting[] = []
  /** The aggregates and idempotency keys of the batches in flight. */
  const busy = new Set<string>()
  let inFlight = 0
  let starting = false
  let lateCheck: NodeJS.Timeout | undefined

  return (command) =>
    new Promise((resolve, reject) => {
      const aggregate = aggregateKeyOf(command)
      const key = command.key && `key/${command.key.key}`
      waiting.push({ command, aggregate, key, conflicts: 0, alone: false, resolve, reject })
      startSoon()
    })

  /** After the requests that arrived in the same turn of the event loop. */
  function startSoon(): void {
    if (starting || inFlight === MAX_IN_FLIGHT) return checkLater()
    starting = true
    setImmediate(() => {
      starting = false
      startBatches()
    })
  }

  function startBatches(): void {
    while (waiting.length > 0 && inFlight < MAX_IN_FLIGHT) {
      const batch = takeBatch()
      if (batch.length === 0) break
      void run(batch)
    }
    checkLater()
  }

  /** The commands that wait, except those of which a batch in flight has the aggregate or the idempotency key. */
  function takeBatch(): Waiting[] {
    rejectLate()
    const batch: Waiting[] = []
    const left: Waiting[] = []
    const keys = new Set<string>()
    for (const each of waiting) {
      const { aggregate, key } = each
      const free = !busy.has(aggregate) && (key === undefined || !(busy.has(key) || keys.has(key)))
      const fits = batch.length === 0 || (batch.length < MAX_COMMANDS && !each.alone && !batch[0]!.alone)
      if (!free || !fits) {
        left.push(each)
        continue
      }
      batch.push(each)
      if (key !== undefined) keys.add(key)
    }
    waiting = left
    return batch
  }

  async function run(batch: readonly Waiting[]): Promise<void> {
    const resources = batch.flatMap(({ aggregate, key }) =>
      key === undefined ? [aggregate] : [aggregate, key],
    )
    inFlight++
    for (const each of resources) busy.add(each)
    onBatch(batch.length)
    const attempts = await executeBatch(batch.map(({ command }) => command))
    inFlight--
    for (const each of resources) busy.delete(each)
    const next = batch.filter((each) => !ended(each, attempts.get(each.command)))
    waiting.unshift(...next)
    startBatches()
  }

  /** False if the command belongs in the next batch. */
  function ended(each: Waiting, attempt: Attempt | undefined): boolean {
    if (attempt?.type === 'outcome') each.resolve(attempt.outcome)
    else if (attempt?.type === 'failed') each.reject(attempt.error)
    else if (attempt?.how === 'conflict') repeatLater(each)
    else {
      each.alone = attempt?.how === 'alone'
      return false
    }
    return true
  }

  function repeatLater(each: Waiting): void {
    each.conflicts++
    each.command = { ...each.command, isNew: false }
    setTimeout(
      () => {
        waiting.push(each)
        startSoon()
      },
      backoff(each.conflicts, MAX_BACKOFF_MS, { baseMs: 1 }),
    )
  }

  function rejectLate(): void {
    const time = now().getTime()
    const isLate = ({ command }: Waiting) => command.deadline <= time
    if (!waiting.some(isLate)) return
    for (const each of waiting.filter(isLate)) each.reject(tooLate())
    waiting = waiting.filter((each) => !isLate(each))
  }

  function checkLater(): void {
    if (waiting.length === 0) return
    lateCheck ??= setTimeout(() => {
      lateCheck = undefined
      rejectLate()
      checkLater()
    }, LATE_CHECK_MS)
  }
}
