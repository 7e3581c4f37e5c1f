import type { Field, Slice } from '../slice.ts'

/** The guarantees of the writer's runtime, tested on the slice with real servers. */
export function writerSuite({ name, type, collection, fields }: Slice): string {
  const varied = fields.find(({ exampleOf }) => exampleOf) as Field
  return `import { inject, expect, test } from 'vitest'
import { migratedDatabase } from '@lockstep/testkit/migrated-database.ts'
import { aggregateSuite } from '../runtime/testing/aggregate-suite.ts'
import { callWith, connectWriter, executeOn } from '../runtime/testing/test-writer.ts'
import { ${name}Aggregate } from './commands.ts'
import type { ${type}Command, ${type}Details } from './${name}.ts'

const details: ${type}Details = {
${fields.map((field) => `  ${field.name}: ${field.example},`).join('\n')}
}
const changed: ${type}Details = { ...details, ${varied.name}: ${varied.otherExample} }
const create: ${type}Command = { type: 'create', details }

aggregateSuite(${name}Aggregate, {
  create,
  change: (n): ${type}Command => ({ type: 'update', details: { ...details, ${varied.name}: ${varied.exampleOf?.('n')} } }),
  unchanged: { type: 'update', details },
  refused: { command: { type: 'update', details }, code: 'not_found' },
  delete: { type: 'delete' },
  requests: [
    { command: 'create', body: details, message: { ${name}: details } },
    { command: 'update', body: changed, message: { ${name}: changed } },
    { command: 'delete', message: {} },
  ],
})

test('the view of ${collection} has a column for each field', async () => {
  await using writer = connectWriter(await migratedDatabase(inject('postgresUrl')))
  const requested = { id: undefined, expectedVersion: undefined, command: create }
  const { id } = await executeOn(writer.pool)(${name}Aggregate, requested, callWith())
  const { rows } = await writer.pool.query('select * from ${collection}')
  expect(rows).toEqual([
    {
      id,
      version: 1,
${fields.map((field) => `      ${field.snakeCase}: details.${field.name},`).join('\n')}
      created_at: expect.any(Date),
      updated_at: expect.any(Date),
      deleted_at: null,
    },
  ])
})
`
}
