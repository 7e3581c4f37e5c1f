import { errorHeaders, errorStateTopic } from '@lockstep/contracts/topics.ts'
import { headerText, type OutgoingRecord, type ReceivedRecord } from '../client/record.ts'

/** Where a record stood when it failed first. Together with the group it says which record it is. */
export type RecordPlace = { topic: string; partition: number; offset: string }

/** A record that its group gave up, as the last of its error records tells it. */
export type ErrorEntry = {
  place: RecordPlace
  /** Of the record itself; a topic that was made anew counts its offsets from 0 again, at another time. */
  timestamp: string
  key: Buffer | null
  errorClass: string
  message: string
  attempts: number
  firstFailedAt: Date
  failedAt: Date
  /** Of the error record, in the error topic. */
  partition: number
  offset: string
}

/**
 * What became of a record, up to an attempt. When it fails again it has more attempts, so it is open again; an error
 * record that a crash or a second redrive repeats has no more, so it is not.
 */
export type Settlement = {
  outcome: 'redriven' | 'discarded'
  attempts: number
  timestamp: string
  by: string
  reason: string
  at: Date
}

export function placeText({ topic, partition, offset }: RecordPlace): string {
  return `${topic}/${partition}/${offset}`
}

/** A record without the headers of the consumer runtime was put there by somebody else; it stands for itself. */
export function errorEntry(record: ReceivedRecord): ErrorEntry {
  const { headers, key, partition, offset } = record
  const told = (name: keyof typeof errorHeaders) => headerText(headers, errorHeaders[name])
  const topic = told('topic')
  const failedAt = new Date(Number(record.timestamp))
  const firstFailedAt = new Date(told('firstFailedAt') ?? failedAt)
  return {
    place:
      topic === undefined
        ? { topic: record.topic, partition, offset }
        : { topic, partition: wholeNumber(told('partition'), 0), offset: told('offset') ?? '0' },
    timestamp: told('timestamp') ?? record.timestamp,
    key,
    errorClass: told('errorClass') ?? 'unknown',
    message: told('errorMessage') ?? '',
    attempts: Math.max(1, wholeNumber(told('attempts'), 1)),
    firstFailedAt: Number.isNaN(firstFailedAt.getTime()) ? failedAt : firstFailedAt,
    failedAt,
    partition,
    offset,
  }
}

/** Of the error records of one record, the one that counts: the last attempt; of equal ones the first. */
export function laterAttempt(known: ErrorEntry | undefined, next: ErrorEntry): ErrorEntry {
  if (!known) return next
  // The source was made anew and has another record there.
  if (known.timestamp !== next.timestamp) return next
  return next.attempts > known.attempts ? next : known
}

export function settles(settlement: Settlement, entry: ErrorEntry): boolean {
  return settlement.timestamp === entry.timestamp && settlement.attempts >= entry.attempts
}

/** The record for `<group>.errors.state`. */
export function settlementRecord(group: string, place: RecordPlace, settlement: Settlement): OutgoingRecord {
  return {
    topic: errorStateTopic(group),
    key: JSON.stringify([group, place.topic, place.partition, place.offset]),
    value: Buffer.from(JSON.stringify(settlement)),
  }
}

/** The inverse; undefined for what it did not make. */
export function settlementOf(
  record: Pick<ReceivedRecord, 'key' | 'value'>,
): { place: RecordPlace; settlement: Settlement } | undefined {
  try {
    const [, topic, partition, offset] = JSON.parse(String(record.key)) as [string, string, number, string]
    const value = JSON.parse(String(record.value)) as Omit<Settlement, 'at'> & { at: string }
    return { place: { topic, partition, offset }, settlement: { ...value, at: new Date(value.at) } }
  } catch {
    return undefined
  }
}

function wholeNumber(text: string | undefined, fallback: number): number {
  const number = Number(text)
  return text !== undefined && Number.isSafeInteger(number) ? number : fallback
}
