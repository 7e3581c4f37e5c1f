import type { Slice } from '../slice.ts'

/** The tests of how an event becomes a state: milliseconds, without servers. */
export function readModelTest({ name, type, fields }: Slice): string {
  return `import type { ${type}Event } from '@lockstep/contracts/gen/lockstep/${name}/v1/${name}.ts'
import { expect, test } from 'vitest'
import { ${name}Source } from './${name}-read-model.ts'

const details = {
${fields.map((field) => `  ${field.name}: ${field.example},`).join('\n')}
}
const created: ${type}Event = {
  eventId: '0196a8c4-9b1c-7d5e-8a37-0c2f8e6f7a10',
  ${name}Id: '0196a8c4-6d1e-7c3a-9f52-3f6f1f0a4b11',
  version: 1,
  occurredAt: new Date('2026-03-15T10:00:00.123Z'),
  createdAt: new Date('2026-03-14T09:26:53.589Z'),
  details,
  change: { $case: 'created', created: {} },
}
const deleted: ${type}Event = { ...created, version: 2, change: { $case: 'deleted', deleted: {} } }

test('an event carries the whole state', () => {
  expect(${name}Source.stateOf(created)).toEqual({
    id: created.${name}Id,
    version: 1,
    deleted: false,
    ...details,
    createdAt: created.createdAt,
    updatedAt: created.occurredAt,
  })
})

test('a deletion leaves a tombstone', () => {
  expect(${name}Source.stateOf(deleted)).toEqual({ id: deleted.${name}Id, version: 2, deleted: true })
})

test.each<[string, ${type}Event, string | undefined]>([
  ['a creation', created, undefined],
  ['a deletion', deleted, undefined],
  ['a second creation', { ...created, version: 2 }, 'cannot be created'],
  ['a deletion as the first version', { ...deleted, version: 1 }, 'cannot be deleted'],
  ['an event without details', { ...created, details: undefined }, 'the details are missing'],
])('%s: the invariant', (_, event, problem) => {
  expect(${name}Source.invariant?.(event)).toEqual(problem && expect.stringContaining(problem))
})
`
}
