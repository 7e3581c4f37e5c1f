import { randomUUID } from 'node:crypto'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import { createHttpApp } from '@lockstep/core/http/app.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import type { RequestedCommand } from '../../commands/idempotency.ts'
import { noteAggregate } from '../../testing/note-aggregate.ts'
import { commandRoutes, expectedVersionOf } from './command-routes.ts'

/** The routes of a slice whose paths have parameters, with a use case that records its commands. */
function setup(execute: () => Promise<{ id: string; version: number }> = async () => ({ id, version: 3 })) {
  const executed: RequestedCommand[] = []
  const app = createHttpApp({
    log: createLog({ service: 'test', level: 'silent' }),
    metrics: new Registry(),
    admit: (work) => work(),
  })
  const record = (_: unknown, command: RequestedCommand) => {
    executed.push(command)
    return execute()
  }
  commandRoutes(app, [noteAggregate], record, { timeLimitMs: 1_000 })
  const send = (method: string, path: string, body?: unknown, headers = {}) =>
    app.request(`/api/v1/notes/${path}`, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
  return {
    executed,
    send,
    document: () => app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: '', version: '' } }),
  }
}

const id = randomUUID()

async function violationsOf(response: Response) {
  const { errors } = (await response.json()) as { errors: { field: string; message: string }[] }
  return errors.map(({ field, message }) => `${field} ${message}`).toSorted()
}

test('a parameter of the path is a field of the input', async () => {
  const { send, executed } = setup()
  expect((await send('PUT', `${id}/lines/first`, { text: 'Tea' })).status).toBe(200)
  expect((await send('DELETE', `${id}/lines/first`)).status).toBe(200)
  expect((await send('POST', `${id}/lines/first/underline`)).status).toBe(200)
  const line = 'first'
  expect(executed.map(({ command }) => command)).toEqual([
    { type: 'write', line, text: 'Tea' },
    { type: 'erase', line },
    { type: 'underline', line },
  ])
})

test('a parameter of the path is validated like a field, together with the body', async () => {
  const { send } = setup()
  expect(await violationsOf(await send('PUT', `x/lines/${'l'.repeat(11)}`, {}))).toEqual([
    'id must be a UUID',
    'line must have 1-10 characters',
    'text is required',
  ])
})

test('a body may not repeat a parameter of the path', async () => {
  const { send, executed } = setup()
  const response = await send('PUT', `${id}/lines/first`, { text: 'Tea', line: 'second' })
  expect(await violationsOf(response)).toEqual(['line is not a known field'])
  expect(await violationsOf(await send('PUT', `${id}/lines/first`, null))).toEqual(['body must be an object'])
  expect(executed).toEqual([])
})

test.each(['if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range'])(
  'no command is executed with the precondition %s, which it does not evaluate',
  async (name) => {
    const { send, executed } = setup()
    for (const response of [
      await send('PUT', `${id}/lines/first`, { text: 'Tea' }, { [name]: '*' }),
      await send('DELETE', `${id}/lines/first`, undefined, { [name]: '*' }),
      await send('POST', `${id}/lines/first/underline`, undefined, { [name]: '*', 'if-match': '*' }),
    ]) {
      expect(response.status).toBe(400)
      expect(await violationsOf(response)).toEqual([
        expect.stringMatching(new RegExp(`^${name} is not a precondition`, 'i')),
      ])
    }
    expect(executed).toEqual([])
  },
)

test('a key that is given twice and a number that is not exact are reported with the other violations', async () => {
  const { send, executed } = setup()
  const body = '{"text": "Tea", "text": "", "size": 9007199254740993}'
  expect(await violationsOf(await send('PUT', `x/lines/first`, body))).toEqual([
    'id must be a UUID',
    'size is not exact: it would become 9007199254740992',
    'text must be given once',
  ])
  const repeated = '{"text": "Tea", "text": "Tea"}'
  expect(await violationsOf(await send('PUT', `${id}/lines/first`, repeated))).toEqual([
    'text must be given once',
  ])
  expect(executed).toEqual([])
})

test('a refusal has the status of its kind, and the code and title of the slice', async () => {
  const refusal = noteAggregate.refusals['full']!
  const { send } = setup(() => Promise.reject(new AppError(refusal, 'The note has three lines; erase one')))
  const response = await send('PUT', `${id}/lines/first`, { text: 'Tea' })
  expect(response.status).toBe(409)
  expect(await response.json()).toMatchObject({ code: 'full', title: 'The note is full' })
})

test('the document has the parameters, the body without them, its examples and the refusals', () => {
  const { paths, components } = setup().document()
  const write = paths?.['/api/v1/notes/{id}/lines/{line}']?.put
  expect(write?.operationId).toBe('writeNote')
  const names = ((write?.parameters ?? []) as { name: string }[]).map(({ name }) => name)
  expect(names.toSorted()).toEqual(['Idempotency-Key', 'If-Match', 'id', 'line'])
  expect(write?.requestBody).toMatchObject({
    content: {
      'application/json': {
        schema: { properties: { text: expect.any(Object) }, required: ['text'] },
        examples: { short: { value: { text: 'Buy tea' } } },
      },
    },
  })
  expect(write?.responses?.['409']).toMatchObject({ description: '`full`: The note is full' })
  expect(write?.responses?.['412']).toMatchObject({
    description: '`version_conflict`: The note has another version',
  })
  expect(paths?.['/api/v1/notes/{id}/lines/{line}/underline']?.post?.requestBody).toBeUndefined()
  expect(components?.schemas?.['Problem']).toMatchObject({
    properties: { code: { enum: expect.arrayContaining(['full', 'no_line', 'invalid']) } },
  })
})

test.each([
  [undefined, undefined],
  ['*', 'any'],
  [' * ', 'any'],
  ['"3"', 3],
  [' "3" ', 3],
  ['"17"', 17],
])('%j requires version %j', (header, version) => {
  expect(expectedVersionOf(header)).toBe(version)
})

test.each(['3', 'W/"3"', '"3", "4"', '"0"', '"03"', '"-1"', '"1.0"', '""', '"9999999999999999"'])(
  '%j is invalid',
  (header) => {
    expect(() => expectedVersionOf(header)).toThrow(expect.objectContaining({ code: 'invalid' }))
  },
)
