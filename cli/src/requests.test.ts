import type { AuditMismatch } from '@lockstep/contracts/gen/lockstep/ops/v1/read_model.ts'
import { expect, test } from 'vitest'
import { fakeServices, id } from './testing/fake-services.ts'

test.each<[string[], object, string]>([
  [
    ['audit', 'product'],
    { readModel: 'product', repair: false, documentsPerSecond: 1_000, ageLimitMs: 10_000 },
    '3 documents compared; no mismatches',
  ],
  [
    ['audit', 'product', '--repair', '--rate', '7', '--age-limit', '0'],
    { readModel: 'product', repair: true, documentsPerSecond: 7, ageLimitMs: 0 },
    'no mismatches',
  ],
  [['rebuild', 'product'], { readModel: 'product' }, 'queries of product use generation 1'],
  [['rebuild', '--status'], { readModel: '' }, 'product             1  active  ready'],
  [['rebuild', 'product', '--status'], { readModel: 'product' }, '0 records behind'],
  [
    ['rebuild', 'product', '--switch-to', '1'],
    { readModel: 'product', generation: 1 },
    'queries of product use generation 1',
  ],
  [
    ['rebuild', 'product', '--drop-old'],
    { readModel: 'product' },
    [
      'generation 0 of product is draining',
      'generation 0 of product is dropping',
      'generation 0 of product is dropped',
    ].join('\n'),
  ],
  [['republish', 'product', '--all'], { aggregate: 'product', all: true }, '2 events read, 2 queued'],
  [
    ['republish', 'product', '--id', id, '--after', `${id}/1`, '--dry-run'],
    { aggregate: 'product', id, all: false, dryRun: true, after: { id, version: 1 } },
    '2 would be queued',
  ],
])('%j sends the names and options, and prints the result', async (argv, request, printed) => {
  using services = await fakeServices()
  const { code, out, err } = await services.lockstep(...argv)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toContain(printed)
  expect(services.requests).toMatchObject([request])
})

test.each([
  [['audit', 'unknown'], 'lockstep rebuild --status lists the read models'],
  [['rebuild', 'unknown'], 'lockstep rebuild --status lists the read models'],
  [['rebuild', 'unknown', '--switch-to', '1'], 'lockstep rebuild --status lists the read models'],
  [['republish', 'unknown', '--all'], 'lockstep republish product --all'],
])(
  '%j: a name that the service does not know is a problem, and the message says what to run',
  async (argv, right) => {
    using services = await fakeServices()
    const { code, err } = await services.lockstep(...argv)
    expect(code).toBe(1)
    expect(err).toContain('there is no such name (NOT_FOUND)')
    expect(err).toContain(right)
  },
)

test('an audit with mismatches prints each of them and exits with 1, also if all are repaired', async () => {
  const mismatch: AuditMismatch = {
    id,
    store: 'read_model',
    kind: 'ahead',
    expectedVersion: 1,
    actualVersion: 9,
    detail: '',
    repaired: false,
  }
  using services = await fakeServices([mismatch, { ...mismatch, repaired: true }])
  const open = await services.lockstep('audit', 'product')
  expect(open.code).toBe(1)
  expect(open.out).toContain('expected version 1, actual 9')
  expect(open.out).toContain('2 mismatches, 1 repaired')
  expect(open.err).toContain('1 mismatch not repaired; run lockstep audit product --repair')

  using byHand = await fakeServices([{ ...mismatch, store: 'writer', kind: 'last_event' }])
  const writer = await byHand.lockstep('audit', 'product', '--repair')
  expect(writer.err).toContain('review these states manually')

  using repaired = await fakeServices([{ ...mismatch, repaired: true }])
  const audit = await repaired.lockstep('audit', 'product', '--repair', '--json')
  expect(audit.code).toBe(1)
  expect(
    audit.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object),
  ).toMatchObject([
    { store: 'read_model', kind: 'ahead', repaired: true },
    { compared: 3, mismatches: 1, repaired: 1, cacheCompared: true },
  ])
  expect(audit.err).toContain('run lockstep audit product again')
})

test('an audit whose stream ends before the audit is complete is a problem', async () => {
  using services = await fakeServices([], { complete: false })
  const { code, out, err } = await services.lockstep('audit', 'product')
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toContain('the audit ended before it was complete; run it again')
})
