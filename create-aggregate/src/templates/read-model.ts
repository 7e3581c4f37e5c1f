import type { Field, Slice } from '../slice.ts'
import { capitalized } from '../slice.ts'

/** The read model: where its states come from, its document, its indexes and its queries. */
export function readModel({ name, type, collection, one, fields }: Slice): string {
  const filters = fields.filter(({ filter }) => filter)
  const list = `list${capitalized(collection)}`
  const names = [...fields.map((field) => field.name), 'createdAt', 'updatedAt'].join(', ')
  return `import { z } from '@hono/zod-openapi'
import {
  ${type}QueriesService,
  type ${type}Details,
  type ${type}Event,
} from '@lockstep/contracts/gen/lockstep/${name}/v1/${name}.ts'
import { ${name}Events } from '@lockstep/contracts/${name}-events.ts'
import { versionedDocument } from '../runtime/projection/versioned-document.ts'
import type { Tombstone } from '../runtime/queries/definition.ts'
${filters.length > 0 ? "import { slugFilter } from '../runtime/queries/slug-filter.ts'\n" : ''}import type { Source, SourceState } from '../runtime/read-model.ts'

/** ${capitalized(one)} as its events carry it. */
export type ${type} = SourceState &
  Readonly<${type}Details> & { readonly deleted: false; readonly createdAt: Date; readonly updatedAt: Date }

export const ${name}Source: Source<${type} | Tombstone, ${type}Event> = {
  contract: ${name}Events,

  stateOf({ ${name}Id: id, version, change, details, createdAt, occurredAt }) {
    if (change?.$case === 'deleted') return { id, version, deleted: true }
    return { id, version, deleted: false, ...details!, createdAt: createdAt!, updatedAt: occurredAt! }
  },

  invariant({ version, change, details }) {
    if ((version === 1) !== (change?.$case === 'created')) {
      return \`version \${version} cannot be \${change?.$case}: the first version creates, and no other does\`
    }
    return details ? undefined : 'the details are missing'
  },
}

/** The order of lists. An index that ends with it returns a page without sorting. */
const newestFirst = { createdAt: -1, _id: 1 } as const

/** The read model of ${collection}: one document per ${name}, found by id and by lists. */
export const ${name}ReadModel = versionedDocument({
  name: '${name}',
  source: ${name}Source,

  document: ({ ${names} }: ${type}) => ({ ${names} }),
  indexes: [
    { name: 'newest', key: { deleted: 1, ...newestFirst }, purpose: 'all ${collection}' },
${filters.map(indexOf(collection)).join('\n')}
  ],

  schema: '${type}',
  fields: {
${fields.map((field) => `    ${field.name}: ${field.output},`).join('\n')}
    createdAt: z.iso.datetime({ precision: 3 }).openapi({ example: '2026-03-14T09:26:53.589Z' }),
    updatedAt: z.iso.datetime({ precision: 3 }).openapi({ example: '2026-03-15T10:00:00.000Z' }),
  },

  tag: '${capitalized(collection)}',
  get: {
    path: '/api/v1/${collection}/{id}',
    operationId: 'get${type}',
    summary: 'Get ${one}',
    noun: '${name}',
  },
  lists: {
    ${list}: {
      path: '/api/v1/${collection}',
      summary: 'List ${collection}',
      description: 'Newest first by default.',
      filters: {
${filters.map(({ name: field, example }) => `        ${field}: slugFilter('${field}', ${example}),`).join('\n')}
      },
      sorts: { createdAt: { by: 'createdAt', index: 'descending' } },
      defaultSort: '-createdAt',
    },
  },
  grpc: (service, queries) =>
    service(${type}QueriesService, {
      get${type}: async (request, call) => ({ ${name}: await queries.get(request, call) }),
      ${list}: (request, call) => queries.lists.${list}(request, call),
    }),
})
`
}

const indexOf =
  (collection: string) =>
  ({ name, snakeCase }: Field) =>
    `    { name: 'newest_by_${snakeCase}', key: { ${name}: 1, deleted: 1, ...newestFirst }, purpose: '${collection} with one ${name}' },`
