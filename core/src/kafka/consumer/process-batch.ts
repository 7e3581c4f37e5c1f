import type { ErrorClass } from '@lockstep/contracts/topics.ts'
import type { PermanentFailure } from '../dead-letters/error-record.ts'
import type { FailureBudget } from './failure-budget.ts'
import type { ReceivedRecord } from '../client/record.ts'

/** What a record means, or why it can never be handled. */
export type Decoded<T> = { ok: true; value: T } | { ok: false; errorClass: ErrorClass; message: string }

/** Pure. One that throws is taken to mean `undecodable`. */
export type Decode<T> = (record: ReceivedRecord) => Decoded<T>

export type Message<T> = { readonly value: T; readonly record: ReceivedRecord }

/** A record of the batch that pure code refused only now, for example because it breaks an invariant. */
export type Refusal = { readonly record: ReceivedRecord; errorClass: ErrorClass; message: string }

/**
 * Takes effect for every message, in order, or throws: a throw is transient and the same messages come again, also
 * those that took effect. The refusals are given up for good; the other messages must have taken effect nevertheless.
 */
export type Handle<T> = (
  messages: readonly Message<T>[],
  context: BatchContext,
) => Promise<readonly Refusal[] | void>

export type BatchContext = {
  topic: string
  partition: number
  /** 1 at first; counts up while the same batch fails. */
  attempt: number
}

export type Failed = { record: ReceivedRecord; failure: PermanentFailure }

export type BatchSteps<T> = {
  decode: Decode<T>
  handle: Handle<T>
  /** Resolves when the error topic has acknowledged all of them. */
  giveUp: (failed: readonly Failed[]) => Promise<void>
  budget: FailureBudget
  now: () => number
}

/**
 * Handles one partition's batch. Good records behind bad ones take effect.
 *
 * The bad ones are given up after the good ones were handled, so that a dependency that is away for long does not fill
 * the error topic with one copy per attempt. When the budget is spent the batch ends before the first record that
 * would exceed it.
 *
 * @returns how many records, from the first, are finished
 * @throws whatever `handle` or `giveUp` throws: nothing counts as finished then
 */
export async function processBatch<T>(
  records: readonly ReceivedRecord[],
  { decode, handle, giveUp, budget, now }: BatchSteps<T>,
  context: BatchContext,
): Promise<number> {
  const failures = new Map<ReceivedRecord, PermanentFailure>()
  const messages: Message<T>[] = []
  const allowed = budget.left(now())

  let end = 0
  for (const record of records) {
    const decoded = decodeSafely(decode, record)
    if (decoded.ok) messages.push({ value: decoded.value, record })
    else if (failures.size < allowed)
      failures.set(record, { errorClass: decoded.errorClass, message: decoded.message })
    else break
    end++
  }

  const refusals = messages.length > 0 ? ((await handle(messages, context)) ?? []) : []
  for (const { record, errorClass, message } of refusals) failures.set(record, { errorClass, message })

  const failed: Failed[] = []
  for (const [index, record] of records.slice(0, end).entries()) {
    const failure = failures.get(record)
    if (failure && failed.length === allowed) {
      end = index
      break
    }
    if (failure) failed.push({ record, failure })
  }
  if (failed.length > 0) await giveUp(failed)
  budget.spend(failed.length, now())
  return end
}

function decodeSafely<T>(decode: Decode<T>, record: ReceivedRecord): Decoded<T> {
  try {
    return decode(record)
  } catch (error) {
    return {
      ok: false,
      errorClass: 'undecodable',
      message: error instanceof Error ? error.message : String(error),
    }
  }
}
