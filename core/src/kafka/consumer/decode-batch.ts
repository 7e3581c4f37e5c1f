import type { ReceivedRecord } from '../client/record.ts'
import type { Decode, Decoded, Message, PermanentFailure } from './batch.ts'

export type Rejected = { record: ReceivedRecord; failure: PermanentFailure }

export type DecodedBatch<T> = {
  messages: Message<T>[]
  /** The records that become dead letters, in order. */
  rejected: Rejected[]
  /** How many records of the batch, from the first, are in the other two. */
  end: number
}

/**
 * Decodes one partition's batch. It ends before the first record that would exceed the number of allowed dead letters,
 * so that records behind a few bad ones take effect, and records behind a flood of bad ones wait.
 */
export function decodeBatch<T>(
  records: readonly ReceivedRecord[],
  decode: Decode<T>,
  allowedDeadLetters: number,
): DecodedBatch<T> {
  const messages: Message<T>[] = []
  const rejected: Rejected[] = []
  for (const record of records) {
    const decoded = decodeSafely(decode, record)
    if (decoded.ok) messages.push({ value: decoded.value, record })
    else if (rejected.length < allowedDeadLetters) rejected.push({ record, failure: decoded })
    else break
  }
  return { messages, rejected, end: messages.length + rejected.length }
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
