import { describe, expect, test } from 'vitest'
import { errorHeaders, errorTopic, retryTopic } from '@lockstep/contracts/topics.ts'
import { errorRecord } from './error-record.ts'
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
const text = (made: ReturnType<typeof errorRecord>, name: string) => made.headers?.[name]

describe('an error record', () => {
  test('has the key, the bytes and the headers of the original, and says what went wrong', () => {
    const made = errorRecord(record, failure, 'group', now)
    expect(made).toMatchObject({ topic: errorTopic('group'), key: record.key, value: record.value })
    expect(made.headers).toEqual({
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

  test('keeps x- headers that the source record had, before its own', () => {
    const own = { ...record, headers: { [errorHeaders.topic]: Buffer.from('made up') } }
    expect(text(errorRecord(own, failure, 'group', now), errorHeaders.topic)).toEqual([
      Buffer.from('made up'),
      'source',
    ])
  })

  test('of a retried record keeps its identity and first failure, counts up and says what is wrong now', () => {
    const made = errorRecord(record, failure, 'group', now)
    const headers = Object.fromEntries(
      Object.entries(made.headers ?? {}).map(([name, value]) => [
        name,
        name.startsWith('x-') ? Buffer.from(String(value)) : (value as Buffer),
      ]),
    )
    const retried = { ...record, headers, topic: retryTopic('group'), partition: 0, offset: '1' }
    const again = errorRecord(retried, { errorClass: 'undecodable', message: 'still' }, 'group', new Date())
    for (const name of [
      errorHeaders.offset,
      errorHeaders.timestamp,
      errorHeaders.topic,
      errorHeaders.partition,
    ]) {
      expect(String(text(again, name))).toBe(String(text(made, name)))
    }
    expect(String(text(again, errorHeaders.firstFailedAt))).toBe('2026-01-02T03:04:05.678Z')
    expect(text(again, errorHeaders.attempts)).toEqual(['2'])
    expect(text(again, errorHeaders.errorClass)).toEqual(['undecodable'])
  })

  test('cuts its message at 1 KiB, between characters', () => {
    const made = errorRecord(record, { ...failure, message: `x${'é'.repeat(2_000)}` }, 'group', now)
    const message = String(text(made, errorHeaders.errorMessage))
    expect(Buffer.byteLength(message)).toBe(1_023)
    expect(message).not.toContain('\ufffd')
  })
})
