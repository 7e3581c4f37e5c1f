import { errorHeaders, errorTopic, retryTopic, type ErrorClass } from '@lockstep/contracts/topics.ts'
import { headerText, headerValues, type OutgoingRecord, type ReceivedRecord } from '../client/record.ts'

/** Why a record can never be handled. */
export type PermanentFailure = { errorClass: ErrorClass; message: string }

const maxMessageBytes = 1_024

/**
 * The record for `<group>.errors`: the original key, bytes and headers, and what went wrong. A record that comes from
 * `<group>.retry` keeps the identity and the first failure that it came with, however often it fails.
 */
export function errorRecord(
  record: ReceivedRecord,
  failure: PermanentFailure,
  group: string,
  now: Date,
): OutgoingRecord {
  const { headers } = record
  const retried = record.topic === retryTopic(group) && headerText(headers, errorHeaders.topic) !== undefined
  const attempts = retried ? Number(headerText(headers, errorHeaders.attempts) ?? 0) : 0
  const firstFailedAt = retried ? headerText(headers, errorHeaders.firstFailedAt) : undefined
  const identity = {
    [errorHeaders.topic]: record.topic,
    [errorHeaders.partition]: String(record.partition),
    [errorHeaders.offset]: record.offset,
    [errorHeaders.timestamp]: record.timestamp,
  }
  const told = {
    ...(retried ? {} : identity),
    [errorHeaders.errorClass]: failure.errorClass,
    [errorHeaders.errorMessage]: cut(failure.message),
    [errorHeaders.attempts]: String((Number.isSafeInteger(attempts) ? attempts : 0) + 1),
    [errorHeaders.firstFailedAt]: firstFailedAt ?? now.toISOString(),
    [errorHeaders.consumerGroup]: group,
  }
  const added = Object.entries(told).map(([name, value]) => {
    const before = headerValues(headers, name)
    // A source record may carry such names itself. They stay, and ours comes last, which is the one that counts.
    return [name, [...(retried ? before.slice(0, -1) : before), value]] as const
  })
  return {
    topic: errorTopic(group),
    key: record.key,
    value: record.value,
    headers: { ...headers, ...Object.fromEntries(added) },
  }
}

/** At most 1 KiB of UTF-8, without half a character at the end. */
function cut(text: string): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= maxMessageBytes) return text
  let end = maxMessageBytes
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end)
}
