import { capitalized, type Field, type Slice } from '../slice.ts'

/** The definition of the aggregate: its table of commands, its events, its refusals and its SQL view. */
export function commands({ name, type, collection, one, fields }: Slice): string {
  const kinds = [...new Set(fields.flatMap(({ inputKind }) => inputKind ?? []))].toSorted()
  const inputs = kinds.length > 0 ? `\nimport { ${kinds.join(', ')} } from '../runtime/input.ts'` : ''
  return `import {
  ${type}CommandsService,
  type Create${type}Request,
  type ${type}Event as ${type}EventMessage,
  type Update${type}Request,
} from '@lockstep/contracts/gen/lockstep/${name}/v1/${name}.ts'
import { ${name}Events } from '@lockstep/contracts/${name}-events.ts'
import { z } from 'zod'
import { command, defineAggregate, del, post, put } from '../runtime/aggregate.ts'${inputs}
import { decide, evolve, type ${type}Command, type ${type}Event, type ${type}State } from './${name}.ts'

/** The commands on ${collection} over both protocols, and the form of their events. */

const details = z.strictObject({
${fields.map((field) => `  ${field.name}: ${field.input},`).join('\n')}
})

/** The case of the message's \`change\` for each type of event. */
const changes = {
  created: { $case: 'created', created: {} },
  updated: { $case: 'updated', updated: {} },
  deleted: { $case: 'deleted', deleted: {} },
} as const satisfies Record<${type}Event['type'], ${type}EventMessage['change']>

export const ${name}Aggregate = defineAggregate({
  type: '${name}',
  collection: '${collection}',
  decide,
  evolve,
  isDeleted: (state) => state.deleted,
  events: {
    contract: ${name}Events,
    toMessage: (event: ${type}Event, state: ${type}State, { id, ...envelope }): ${type}EventMessage => ({
      ...envelope,
      ${name}Id: id,
      details: state.details,
      change: changes[event.type],
    }),
    stateOf: (message) => ({
      deleted: message.change?.$case === 'deleted',
      ...(message.details && { details: message.details }),
    }),
  },
  refusals: {
    already_exists: {
      kind: 'conflict',
      title: 'The id is taken',
      advice: '${capitalized(one)} with this id exists or existed. Choose another id, or omit it.',
    },
  },
  service: ${type}CommandsService,
  commands: {
    create: command({
      input: details,
      toCommand: (input): ${type}Command => ({ type: 'create', details: input }),
      http: post('/', 201),
      grpc: { method: 'Create${type}', input: ({ ${name} }: Create${type}Request) => ${name} ?? {} },
      summary: 'Create ${one}',
      success: 'Created; readable through the reader within moments',
      refusals: ['already_exists'],
    }),
    update: command({
      input: details,
      toCommand: (input): ${type}Command => ({ type: 'update', details: input }),
      http: put('/{id}'),
      grpc: { method: 'Update${type}', input: ({ ${name} }: Update${type}Request) => ${name} ?? {} },
      summary: 'Replace all fields of ${one}',
      success: 'Replaced. If nothing changed, the version stays the same',
      refusals: ['not_found'],
    }),
    delete: command({
      input: z.strictObject({}),
      toCommand: (): ${type}Command => ({ type: 'delete' }),
      http: del('/{id}'),
      grpc: 'Delete${type}',
      summary: 'Delete ${one} for good: its id cannot be used again',
      success: 'Deleted',
      refusals: ['not_found'],
    }),
  },
  view: {
    columns: {
${fields.map((field) => `      ${field.snakeCase}: ${column(field)},`).join('\n')}
    },
  },
})
`
}

function column({ name, sqlCast }: Field): string {
  const text = `state #>> '{details,${name}}'`
  return sqlCast === '' ? `\`${text}\`` : `\`(${text})${sqlCast}\``
}
