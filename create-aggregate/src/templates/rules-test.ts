import type { Slice } from '../slice.ts'

/** The tests of the rules: milliseconds, without servers. */
export function rulesTest({ name, type, fields }: Slice): string {
  return `import { expect, test } from 'vitest'
import { decide, evolve, type ${type}Command, type ${type}Details, type ${type}State } from './${name}.ts'

const details: ${type}Details = {
${fields.map((field) => `  ${field.name}: ${field.example},`).join('\n')}
}
const facts = { id: 'a', at: new Date(0) }

function after(state: ${type}State | undefined, command: ${type}Command): ${type}State {
  const decision = decide(state, command, facts)
  if (decision.type !== 'accepted') throw new Error(\`not accepted: \${JSON.stringify(decision)}\`)
  return evolve(state, decision.event)
}

const created = after(undefined, { type: 'create', details })
const deleted = after(created, { type: 'delete' })

test('a creation stores the details, and a tombstone keeps them', () => {
  expect(created).toEqual({ details, deleted: false })
  expect(deleted).toEqual({ details, deleted: true })
})

test('an id that exists or existed cannot be created', () => {
  for (const state of [created, deleted]) {
    expect(decide(state, { type: 'create', details }, facts)).toMatchObject({
      type: 'refused',
      code: 'already_exists',
    })
  }
})

test.each<Partial<${type}Details>>([
${fields.map((field) => `  { ${field.name}: ${field.otherExample} },`).join('\n')}
])('an update to %j changes the state', (change) => {
  const changed = { ...details, ...change }
  expect(after(created, { type: 'update', details: changed })).toEqual({ details: changed, deleted: false })
})

test('an update that changes nothing writes no event', () => {
  expect(decide(created, { type: 'update', details: { ...details } }, facts)).toEqual({ type: 'unchanged' })
})

test('an update or delete after a delete does not bring the ${name} back', () => {
  for (const command of [{ type: 'update', details }, { type: 'delete' }] as const) {
    for (const state of [deleted, undefined]) {
      expect(decide(state, command, facts)).toMatchObject({ type: 'refused', code: 'not_found' })
    }
  }
})

test('nothing is deleted before it is created', () => {
  expect(() => evolve(undefined, { type: 'deleted' })).toThrow(RangeError)
})
`
}
