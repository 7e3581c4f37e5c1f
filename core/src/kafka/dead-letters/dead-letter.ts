import { errorHeaders, errorTopic, retryTopic, type ErrorClass } from '@lockstep/contracts/topics.ts'
import { headerText, headerValues, type OutgoingRecord, type ReceivedRecord } from '../client/record.ts'
import { parseRfc3339 } from '../../text/rfc3339.ts'

/** The original position of a record, where it failed first. Together with the group it identifies a dead letter. */
export type RecordPosition = { topic: string; partition: number; offset: string }

/** A record that its group could not handle, as the last of its records on the error topic describes it. */
export type DeadLetter = {
  position: RecordPosition
  /** Of the original record. It tells two records apart at the same position of a topic that was deleted and created. */
  timestamp: string
  key: Buffer | null
  errorClass: string
  message: string
  attempts: number
  firstFailedAt: Date
  failedAt: Date
  /** Partition and offset on the error topic. */
  partition: number
  offset: string
}

const maxMessageBytes = 1_024

/**
 * The record for `<group>.errors`: the original key, bytes and headers, and what is wrong with them. A record from
 * `<group>.retry` keeps its original position and its first failure, however often it fails.
 */
export function deadLetterRecord(
  record: ReceivedRecord,
  failure: { errorClass: ErrorClass; message: string },
  group: string,
  now: Date,
): OutgoingRecord {
  const { headers } = record
  const retried = record.topic === retryTopic(group) && headerText(headers, errorHeaders.topic) !== undefined
  const earlierAttempts = retried ? wholeNumber(headerText(headers, errorHeaders.attempts), 0) : 0
  const firstFailedAt = retried ? headerText(headers, errorHeaders.firstFailedAt) : undefined
  const position = {
    [errorHeaders.topic]: record.topic,
    [errorHeaders.partition]: String(record.partition),
    [errorHeaders.offset]: record.offset,
    [errorHeaders.timestamp]: record.timestamp,
  }
  const description = {
    ...(retried ? {} : position),
    [errorHeaders.errorClass]: failure.errorClass,
    [errorHeaders.errorMessage]: truncate(failure.message),
    [errorHeaders.attempts]: String(earlierAttempts + 1),
    [errorHeaders.firstFailedAt]: firstFailedAt ?? now.toISOString(),
    [errorHeaders.consumerGroup]: group,
  }
  const added = Object.entries(description).map(([name, value]) => {
    const before = headerValues(headers, name)
    // A source record may have such headers itself. They stay, and ours are last, which is the value that counts.
    return [name, [...(retried ? before.slice(0, -1) : before), value]] as const
  })
  return {
    topic: errorTopic(group),
    key: record.key,
    value: record.value,
    headers: { ...headers, ...Object.fromEntries(added) },
  }
}

/** The inverse. A record without our headers, which another program wrote, is described by its own position. */
export function deadLetterOf(record: ReceivedRecord): DeadLetter {
  const { headers, key, partition, offset } = record
  const header = (name: keyof typeof errorHeaders) => headerText(headers, errorHeaders[name])
  const topic = header('topic')
  const failedAt = new Date(Number(record.timestamp))
  return {
    position:
      topic === undefined
        ? { topic: record.topic, partition, offset }
        : { topic, partition: wholeNumber(header('partition'), 0), offset: header('offset') ?? '0' },
    timestamp: header('timestamp') ?? record.timestamp,
    key,
    errorClass: header('errorClass') ?? 'unknown',
    message: header('errorMessage') ?? '',
    attempts: Math.max(1, wholeNumber(header('attempts'), 1)),
    firstFailedAt: parseRfc3339(header('firstFailedAt') ?? '') ?? failedAt,
    failedAt,
    partition,
    offset,
  }
}

export function positionText({ topic, partition, offset }: RecordPosition): string {
  return `${topic}/${partition}/${offset}`
}

/**
 * Of two dead letters of one position, the one that counts: the last attempt, and of equal attempts the first, since a
 * crash or a second redrive repeats an attempt.
 */
export function latestAttempt(known: DeadLetter | undefined, next: DeadLetter): DeadLetter {
  if (!known) return next
  // The source topic was deleted and created, and another record has this position now.
  if (known.timestamp !== next.timestamp) return next
  return next.attempts > known.attempts ? next : known
}

/** At most 1 KiB of UTF-8, without a partial character at the end. */
function truncate(text: string): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= maxMessageBytes) return text
  let end = maxMessageBytes
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end)
}

function wholeNumber(text: string | undefined, fallback: number): number {
  const number = Number(text)
  return text !== undefined && Number.isSafeInteger(number) ? number : fallback
}
