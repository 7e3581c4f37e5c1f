import fc from 'fast-check'
import { expect, test } from 'vitest'
import { failureBudget } from './failure-budget.ts'
import { processBatch } from './process-batch.ts'
import type { ReceivedRecord } from '../client/record.ts'

type Kind = 'good' | 'undecodable' | 'throws' | 'refused'

const batch = fc.array(fc.constantFrom<Kind>('good', 'good', 'undecodable', 'throws', 'refused'), {
  maxLength: 30,
})

function record(kind: Kind, index: number): ReceivedRecord {
  const place = { topic: 't', partition: 0, offset: String(index), timestamp: '0' }
  return { ...place, key: null, value: Buffer.from(kind), headers: {} }
}

async function run(kinds: Kind[], perMinute: number) {
  const records = kinds.map(record)
  const applied: string[] = []
  const givenUp: string[] = []
  const finished = await processBatch(
    records,
    {
      decode(each) {
        const kind = String(each.value)
        if (kind === 'throws') throw new TypeError('out of range')
        if (kind === 'undecodable') return { ok: false, errorClass: 'undecodable', message: '' }
        return { ok: true, value: kind }
      },
      async handle(messages) {
        const refused = messages.filter(({ value }) => value === 'refused')
        applied.push(...messages.filter(({ value }) => value === 'good').map((m) => m.record.offset))
        return refused.map((m) => ({ record: m.record, errorClass: 'invariant', message: '' }))
      },
      async giveUp(failed) {
        givenUp.push(...failed.map((f) => f.record.offset))
      },
      budget: failureBudget(perMinute),
      now: () => 0,
    },
    { topic: 't', partition: 0, attempt: 1 },
  )
  return { records, applied, givenUp, finished }
}

test('every finished record took effect or was given up, in order, and never more than the budget', async () => {
  await fc.assert(
    fc.asyncProperty(batch, fc.integer({ min: 0, max: 10 }), async (kinds, perMinute) => {
      const { records, applied, givenUp, finished } = await run(kinds, perMinute)
      const offsets = (wanted: (kind: Kind) => boolean) =>
        records.slice(0, finished).flatMap(({ offset }, i) => (wanted(kinds[i] as Kind) ? [offset] : []))
      expect(applied).toEqual(expect.arrayContaining(offsets((kind) => kind === 'good')))
      expect(givenUp).toEqual(offsets((kind) => kind !== 'good'))
      expect(givenUp.length).toBeLessThanOrEqual(perMinute)
      const bad = kinds.filter((kind) => kind !== 'good').length
      if (bad <= perMinute) expect(finished).toBe(kinds.length)
      else expect(kinds[finished]).not.toBe('good')
    }),
  )
})

test('when handling fails nothing is given up', async () => {
  const givenUp: unknown[] = []
  const steps = {
    decode: (each: ReceivedRecord) =>
      String(each.value) === 'good'
        ? ({ ok: true, value: 1 } as const)
        : ({ ok: false, errorClass: 'undecodable', message: '' } as const),
    handle: async () => Promise.reject(new Error('away')),
    giveUp: async (failed: unknown) => void givenUp.push(failed),
    budget: failureBudget(1),
    now: () => 0,
  }
  const records = (['undecodable', 'good'] as const).map(record)
  const work = processBatch(records, steps, { topic: 't', partition: 0, attempt: 1 })
  await expect(work).rejects.toThrow('away')
  expect(givenUp).toEqual([])
  expect(steps.budget.left(0)).toBe(1)
})
