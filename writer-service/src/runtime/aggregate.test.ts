import { z } from 'zod'
import { expect, test } from 'vitest'
import { defineAggregate, del, post, put } from './aggregate.ts'
import { noteDefinition } from './testing/note-aggregate.ts'

const { commands } = noteDefinition

test('a method of the service without a command fails at start-up', () => {
  const { erase: _, ...others } = commands
  expect(() => defineAggregate({ ...noteDefinition, commands: others })).toThrow(
    'aggregate note: the gRPC method EraseLine needs one command; it has 0',
  )
})

test('a method with two commands fails at start-up', () => {
  const twice = { ...commands, again: commands.erase }
  expect(() => defineAggregate({ ...noteDefinition, commands: twice })).toThrow(
    'EraseLine needs one command; it has 2',
  )
})

test('a command with a method that the service does not have fails to compile, and at start-up', () => {
  const renamed = { ...commands, underline: { ...commands.underline, grpc: 'UnderlineLine' } }
  const service = { ...noteDefinition.service }
  // @ts-expect-error -- the service has no method UnderlineLine
  const define = () => defineAggregate({ ...noteDefinition, service, commands: renamed })
  expect(define).toThrow('aggregate note: its service has no gRPC method UnderlineLine')
})

test('a command with a refusal that is not declared fails to compile, and at start-up', () => {
  const other = { ...commands, underline: { ...commands.underline, refusals: ['sold_out'] } }
  // @ts-expect-error -- note declares no refusal sold_out
  const define = () => defineAggregate({ ...noteDefinition, commands: other })
  expect(define).toThrow('aggregate note: underline has the refusal sold_out, which is not declared')
})

test.each([
  [
    'a path with a parameter that the input does not have',
    '/{id}/{page}',
    z.strictObject({ line: z.string() }),
  ],
  ['an input that accepts unknown fields', '/{id}/{line}', z.object({ line: z.string() })],
  [
    'an input with a field of the runtime',
    '/{id}/{line}',
    z.strictObject({ line: z.string(), id: z.string() }),
  ],
])('%s fails at start-up', (_, path, input) => {
  const underline = { ...commands.underline, input, http: put(path) }
  expect(() => defineAggregate({ ...noteDefinition, commands: { ...commands, underline } })).toThrow(
    'aggregate note: ',
  )
})

test.each(['not_found', 'version_conflict', 'invalid'])(
  'a refusal with the code %s of the runtime fails at start-up',
  (code) => {
    const refusal = { kind: 'conflict', title: 'Mine', advice: 'None.' } as const
    const refusals = { ...noteDefinition.refusals, [code]: refusal }
    expect(() => defineAggregate({ ...noteDefinition, refusals })).toThrow(
      `aggregate note: the refusal ${code} has the name of an error of the runtime`,
    )
  },
)

test('a DELETE with a field outside of its path fails at start-up', () => {
  const erase = { ...commands.erase, http: del('/{id}/lines') }
  expect(() => defineAggregate({ ...noteDefinition, commands: { ...commands, erase } })).toThrow(
    'aggregate note: erase is a DELETE, which has no body; its path must have {line}',
  )
})

test('a command that creates and has a parameter in its path fails at start-up', () => {
  const underline = { ...commands.underline, http: post('/lines/{line}') }
  expect(() => defineAggregate({ ...noteDefinition, commands: { ...commands, underline } })).toThrow(
    'aggregate note: underline has no {id} in its path, so it creates; its path cannot have {line}',
  )
})

test('a parameter with the name of a property of every object fails at start-up', () => {
  const underline = { ...commands.underline, http: post('/{id}/{line}/{toString}') }
  expect(() => defineAggregate({ ...noteDefinition, commands: { ...commands, underline } })).toThrow(
    'aggregate note: the path of underline has {toString}, but its input has no such field',
  )
})

test('events of another aggregate fail at start-up', () => {
  expect(() => defineAggregate({ ...noteDefinition, type: 'memo' })).toThrow('its events are those of note')
})
