import { capitalized, type Slice } from '../slice.ts'

/** The read model that keeps every change. It has no code of its own to test. */
export function history({ name, one }: Slice): string {
  return `import { history } from '../runtime/history/history.ts'
import { ${name}ReadModel } from './${name}-read-model.ts'

/** Every change of ${one}, and what ${one} was at a version or at a time. */
export const ${name}History = history({ name: '${name}-history', of: ${name}ReadModel })
`
}

/** The read model that keeps totals of one field by another one. */
export function totals({ name, type, collection }: Slice, { group, value }: TotalsFields): string {
  return `import { groupedTotals } from '../runtime/grouped-totals/grouped-totals.ts'
import { slugFilter } from '../runtime/queries/slug-filter.ts'
import { ${name}Source, type ${type} } from './${name}-read-model.ts'

/** How many ${collection} each ${group.name} has, and the sum, the lowest and the highest ${value.name}. */
export const ${name}Totals = groupedTotals({
  name: '${name}-totals',
  of: ${name}Source,
  group: ({ ${group.name} }: ${type}) => ${group.name},
  value: ({ ${value.name} }: ${type}) => ${value.name},
  query: {
    groupName: '${group.name}',
    filter: slugFilter('${group.name}', ${group.example}),
    idName: '${name}Id',
    tag: '${capitalized(collection)}',
    path: '/api/v1/${name}-totals',
    operationId: 'list${type}Totals',
    summary: 'Totals of ${collection} by ${group.name}',
    schema: '${type}Totals',
    value: '\`${value.name}\`',
  },
})
`
}

/** The test of the two functions that choose the group and the value. */
export function totalsTest({ name, type, fields }: Slice, { group, value }: TotalsFields): string {
  return `import type { ${type}Event } from '@lockstep/contracts/gen/lockstep/${name}/v1/${name}.ts'
import { expect, test } from 'vitest'
import { ${name}Totals } from './${name}-totals.ts'

const at = new Date('2026-03-15T10:00:00.123Z')
const created: ${type}Event = {
  eventId: '0196a8c4-9b1c-7d5e-8a37-0c2f8e6f7a10',
  ${name}Id: '0196a8c4-6d1e-7c3a-9f52-3f6f1f0a4b11',
  version: 1,
  occurredAt: at,
  createdAt: at,
  details: {
${fields.map((field) => `    ${field.name}: ${field.example},`).join('\n')}
  },
  change: { $case: 'created', created: {} },
}
const deleted: ${type}Event = { ...created, version: 2, change: { $case: 'deleted', deleted: {} } }

test('it counts in its ${group.name} with its ${value.name}, and a deleted one in none', () => {
  const share = { group: ${group.example}, value: ${value.example} }
  expect(${name}Totals.source.stateOf(created)).toMatchObject({ version: 1, share })
  expect(${name}Totals.source.stateOf(deleted)).not.toHaveProperty('share')
})
`
}

type TotalsFields = NonNullable<Slice['totals']>
