import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ReceivedRecord } from '../client/record.ts'
import { decodeBatch } from './decode-batch.ts'

type Kind = 'good' | 'undecodable' | 'throws'

const kinds = fc.array(fc.constantFrom<Kind>('good', 'good', 'undecodable', 'throws'), { maxLength: 30 })

function record(kind: Kind, index: number): ReceivedRecord {
  const at = { topic: 't', partition: 0, offset: String(index), timestamp: '0' }
  return { ...at, key: null, value: Buffer.from(kind), headers: {} }
}

const decodeKind = ({ value }: ReceivedRecord) => {
  const kind = String(value)
  if (kind === 'throws') throw new TypeError('out of range')
  return kind === 'good'
    ? ({ ok: true, value: kind } as const)
    : ({ ok: false, errorClass: 'undecodable', message: '' } as const)
}

test('each record before the end is a message or a dead letter, in order, and the dead letters are within the limit', () => {
  fc.assert(
    fc.property(kinds, fc.integer({ min: 0, max: 10 }), (batch, allowed) => {
      const { messages, rejected, end } = decodeBatch(batch.map(record), decodeKind, allowed)
      const offsets = (wanted: (kind: Kind) => boolean) =>
        batch.slice(0, end).flatMap((kind, index) => (wanted(kind) ? [String(index)] : []))
      expect(messages.map((message) => message.record.offset)).toEqual(offsets((kind) => kind === 'good'))
      expect(rejected.map((each) => each.record.offset)).toEqual(offsets((kind) => kind !== 'good'))
      expect(rejected.length).toBeLessThanOrEqual(allowed)
      const bad = batch.filter((kind) => kind !== 'good').length
      if (bad <= allowed) expect(end).toBe(batch.length)
      else expect(batch[end]).not.toBe('good')
    }),
  )
})
