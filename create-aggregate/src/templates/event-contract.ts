import type { Slice } from '../slice.ts'

/** How the events of the slice travel. */
export function eventContract({ name, type, collection }: Slice): string {
  return `import { eventContract } from './event-contract.ts'
import { ${type}Event } from './gen/lockstep/${name}/v1/${name}.ts'

/** The events of ${collection}, on the topic \`${name}.events\`. */
export const ${name}Events = eventContract({
  aggregate: '${name}',
  message: ${type}Event,
  idOf: (event) => event.${name}Id,
  types: {
    created: 'lockstep.${name}.v1.${type}Created',
    updated: 'lockstep.${name}.v1.${type}Updated',
    deleted: 'lockstep.${name}.v1.${type}Deleted',
  },
})
`
}
