import type { Slice } from '../slice.ts'

/** The pure rules of the aggregate: state, commands, events, decide, evolve. */
export function rules({ name, type, one, fields }: Slice): string {
  return `import { accepted, refused, unchanged, type Decision, type Facts } from '../runtime/decision.ts'

/** The rules of ${one}. Pure: a decision depends on its arguments only. */

export type ${type}Details = {
${fields.map((field) => `  ${field.name}: ${field.type}`).join('\n')}
}

/** A deleted ${name} stays as a tombstone: its id is never reused. */
export type ${type}State = { details: ${type}Details; deleted: boolean }

export type ${type}Command =
  | { type: 'create'; details: ${type}Details }
  | { type: 'update'; details: ${type}Details }
  | { type: 'delete' }

export type ${type}Event =
  | { type: 'created'; details: ${type}Details }
  | { type: 'updated'; details: ${type}Details }
  | { type: 'deleted' }

/** What the command changes, or why it is refused. Never throws: a refusal is a value. */
export function decide(
  state: ${type}State | undefined,
  command: ${type}Command,
  { id }: Facts,
): Decision<${type}Event, 'not_found' | 'already_exists'> {
  if (command.type === 'create') {
    if (state) return refused('already_exists', \`The id \${id} is or was in use; choose another\`)
    return accepted({ type: 'created', details: command.details })
  }
  if (!state || state.deleted) return refused('not_found', \`There is no ${name} \${id}\`)
  if (command.type === 'delete') return accepted({ type: 'deleted' })
  if (isSame(command.details, state.details)) return unchanged
  return accepted({ type: 'updated', details: command.details })
}

/** The state after the event. */
export function evolve(state: ${type}State | undefined, event: ${type}Event): ${type}State {
  if (event.type !== 'deleted') return { details: event.details, deleted: false }
  if (!state) throw new RangeError('${one} is deleted before it is created')
  return { ...state, deleted: true }
}

function isSame(one: ${type}Details, other: ${type}Details): boolean {
  const fields = Object.keys(one) as (keyof ${type}Details)[]
  return fields.every((field) => one[field] === other[field])
}
`
}
