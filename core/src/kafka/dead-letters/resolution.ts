import { errorStateTopic } from '@lockstep/contracts/topics.ts'
import { parseRfc3339 } from '../../text/rfc3339.ts'
import type { OutgoingRecord, ReceivedRecord } from '../client/record.ts'
import type { DeadLetter, RecordPosition } from './dead-letter.ts'

/**
 * What an operator did with a dead letter, up to an attempt. A record that fails again has more attempts, so its dead
 * letter is open again. A crash or a second redrive repeats a dead letter with the same attempts, so it stays resolved.
 */
export type Resolution = {
  outcome: 'redriven' | 'discarded'
  attempts: number
  /** Of the original record. */
  timestamp: string
  by: string
  reason: string
  at: Date
}

export function resolves(resolution: Resolution, deadLetter: DeadLetter): boolean {
  return resolution.timestamp === deadLetter.timestamp && resolution.attempts >= deadLetter.attempts
}

/** The record for `<group>.errors.state`. */
export function resolutionRecord(
  group: string,
  position: RecordPosition,
  resolution: Resolution,
): OutgoingRecord {
  return {
    topic: errorStateTopic(group),
    key: JSON.stringify([group, position.topic, position.partition, position.offset]),
    value: Buffer.from(JSON.stringify(resolution)),
  }
}

/** The inverse; undefined for a record that another program wrote. */
export function resolutionOf(
  record: Pick<ReceivedRecord, 'key' | 'value'>,
): { position: RecordPosition; resolution: Resolution } | undefined {
  try {
    const [, topic, partition, offset] = JSON.parse(String(record.key)) as [string, string, number, string]
    const value = JSON.parse(String(record.value)) as Omit<Resolution, 'at'> & { at: string }
    const at = parseRfc3339(value.at)
    return at && { position: { topic, partition, offset }, resolution: { ...value, at } }
  } catch {
    return undefined
  }
}
