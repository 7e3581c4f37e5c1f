import { describe, expect, test } from 'vitest'
import { errorHeaders, errorTopic, retryTopic } from '@lockstep/contracts/topics.ts'
import { deadLetterRecord } from './dead-letter.ts'
import type { ReceivedRecord } from '../client/record.ts'

const now = new Date('2026-01-02T03:04:05.678Z')
const failure = { errorClass: 'invariant', message: 'version 0' } as const
const record: ReceivedRecord = {
  topic: 'source',
  partition: 3,
  offset: '9007199254740993',
  timestamp: '1700000000000',
  key: Buffer.from([0xff]),
  value: Buffer.from([0, 1]),
  headers: { ce_id: Buffer.from('1'), twice: [Buffer.from('a'), null] },
}
const text = (sent: ReturnType<typeof deadLetterRecord>, name: string) => sent.headers?.[name]

describe('the record of a dead letter', () => {
  test('has the key, the bytes and the headers of the original, and describes the error', () => {
    const sent = deadLetterRecord(record, failure, 'group', now)
    expect(sent).toMatchObject({ topic: errorTopic('group'), key: record.key, value: record.value })
    expect(sent.headers).toEqual({
      ...record.headers,
      'x-original-topic': ['source'],
      'x-original-partition': ['3'],
      'x-original-offset': ['9007199254740993'],
      'x-original-timestamp': ['1700000000000'],
      'x-error-class': ['invariant'],
      'x-error-message': ['version 0'],
      'x-attempts': ['1'],
      'x-first-failed-at': ['2026-01-02T03:04:05.678Z'],
      'x-consumer-group': ['group'],
    })
  })

  test('keeps the x- headers of the source record, before its own', () => {
    const own = { ...record, headers: { [errorHeaders.topic]: Buffer.from('invented') } }
    expect(text(deadLetterRecord(own, failure, 'group', now), errorHeaders.topic)).toEqual([
      Buffer.from('invented'),
      'source',
    ])
  })

  test('keeps the original position and the first failure of a retried record, counts its attempts, and describes the current error', () => {
    const sent = deadLetterRecord(record, failure, 'group', now)
    const headers = Object.fromEntries(
      Object.entries(sent.headers ?? {}).map(([name, value]) => [
        name,
        name.startsWith('x-') ? Buffer.from(String(value)) : (value as Buffer),
      ]),
    )
    const retried = { ...record, headers, topic: retryTopic('group'), partition: 0, offset: '1' }
    const again = deadLetterRecord(
      retried,
      { errorClass: 'undecodable', message: 'still' },
      'group',
      new Date(),
    )
    for (const name of [
      errorHeaders.offset,
      errorHeaders.timestamp,
      errorHeaders.topic,
      errorHeaders.partition,
    ]) {
      expect(String(text(again, name))).toBe(String(text(sent, name)))
    }
    expect(String(text(again, errorHeaders.firstFailedAt))).toBe('2026-01-02T03:04:05.678Z')
    expect(text(again, errorHeaders.attempts)).toEqual(['2'])
    expect(text(again, errorHeaders.errorClass)).toEqual(['undecodable'])
  })

  test('truncates its message at 1 KiB, between characters', () => {
    const sent = deadLetterRecord(record, { ...failure, message: `x${'é'.repeat(2_000)}` }, 'group', now)
    const message = String(text(sent, errorHeaders.errorMessage))
    expect(Buffer.byteLength(message)).toBe(1_023)
    expect(message).not.toContain('\ufffd')
  })
})
