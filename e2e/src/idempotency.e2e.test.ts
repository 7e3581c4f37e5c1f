import { randomUUID } from 'node:crypto'
import type { ServiceError } from '@grpc/grpc-js'
import { expect } from 'vitest'
import type { HttpAnswer } from './clients/http-client.ts'
import { eventually } from './eventually.ts'
import { locked, untilBlocked } from './faults/faults.ts'
import { readable } from './queries.ts'
import { test } from './stack-test.ts'
import type { Stack } from './stack.ts'

const products = '/api/v1/products'
const teapot = { name: 'Blue enamel teapot', category: 'kitchen', priceCents: 3490 }

/** What a repeat has to have in common with the first answer. */
const seen = ({ status, headers, text }: HttpAnswer) => ({
  status,
  text,
  location: headers.get('location'),
  etag: headers.get('etag'),
  contentType: headers.get('content-type'),
})

const send = (
  { writers }: Stack,
  writer: 0 | 1,
  method: string,
  path: string,
  key: string,
  request: { json?: object; headers?: Record<string, string> } = {},
) =>
  writers[writer].http.send(method, path, {
    ...request,
    headers: { ...request.headers, 'idempotency-key': key },
  })

const count = async ({ postgres }: Stack) =>
  (await postgres.query<{ events: string }>('select count(*) as events from events')).rows[0]?.events

test('whoever repeats a command with its key, at any writer, gets the first answer byte for byte', async ({
  stack,
}) => {
  const key = randomUUID()
  const created = await send(stack, 0, 'POST', products, key, { json: teapot })
  expect(created.status).toBe(201)
  const { id } = created.json as { id: string }
  const path = `${products}/${id}`
  const first = { json: { name: 'First' }, headers: { 'if-match': '"1"' } }
  const steps = [
    { method: 'POST', path: products, key, request: { json: teapot }, status: 201 },
    { method: 'PATCH', path, key: randomUUID(), request: first, status: 200 },
    { method: 'PATCH', path, key: randomUUID(), request: first, status: 412 },
    { method: 'PUT', path, key: randomUUID(), request: { json: { ...teapot, name: 'Second' } }, status: 200 },
    { method: 'POST', path: products, key: randomUUID(), request: { json: { id, ...teapot } }, status: 409 },
    { method: 'DELETE', path, key: randomUUID(), request: {}, status: 200 },
    { method: 'DELETE', path, key: randomUUID(), request: {}, status: 404 },
  ]
  const answers: HttpAnswer[] = []
  for (const step of steps) {
    answers.push(await send(stack, 0, step.method, step.path, step.key, step.request))
  }
  expect(answers.map(({ status }) => status)).toEqual(steps.map(({ status }) => status))
  const before = await count(stack)
  for (const [index, step] of steps.entries()) {
    const again = await send(stack, 1, step.method, step.path, step.key, step.request)
    expect(seen(again)).toEqual(seen(answers[index]!))
  }
  expect(seen(answers[0]!)).toEqual(seen(created))
  expect(await count(stack)).toBe(before)
})

test('a key is the same key over HTTP and gRPC', async ({ stack }) => {
  const { grpc } = stack.writers[1]
  const [key, refusedKey] = [randomUUID(), randomUUID()]
  const created = await send(stack, 0, 'POST', products, key, { json: teapot })
  const { id } = created.json as { id: string }
  const repeated = await grpc.createProduct({ product: teapot, idempotencyKey: key })
  expect(repeated).toEqual({ id, version: 1 })

  const refused = (await grpc
    .deleteProduct({ id, expectedVersion: 7, idempotencyKey: refusedKey })
    .catch((error: unknown) => error)) as ServiceError
  expect(refused.metadata.get('x-error-code')).toEqual(['version_conflict'])
  const overHttp = await send(stack, 0, 'DELETE', `${products}/${id}`, refusedKey, {
    headers: { 'if-match': '"7"' },
  })
  expect(overHttp).toMatchObject({ status: 412, json: { detail: refused.details } })
})

test('another command under the key is 422, and a request that was not valid leaves the key free', async ({
  stack,
}) => {
  const key = randomUUID()
  expect((await send(stack, 0, 'POST', products, key, { json: { name: '' } })).status).toBe(400)
  expect((await send(stack, 0, 'POST', products, key, { json: teapot })).status).toBe(201)
  const other = await send(stack, 1, 'POST', products, key, { json: { ...teapot, priceCents: 0 } })
  expect(other).toMatchObject({ status: 422, json: { code: 'idempotency_mismatch' } })
})

test('a writer killed between commit and answer: the repeat, at another writer, gets the answer, and it is done once', async ({
  stack,
}) => {
  const { writers, postgres, proxies, servers } = stack
  const [id, key] = [randomUUID(), randomUUID()]
  const request = { json: { id, ...teapot } }
  const eventsOf = async (product: string) =>
    (await postgres.query('select from events where id = $1', [product])).rowCount
  const unanswered = Promise.withResolvers<unknown>()

  // From the commit on the writer hears nothing of Postgres any more.
  await locked(stack, 'lock table events in exclusive mode', async () => {
    unanswered.resolve(send(stack, 0, 'POST', products, key, request).catch(() => 'no answer'))
    await untilBlocked(stack, 'lockstep-writer')
    await proxies.postgres.spoil({ type: 'timeout', attributes: { timeout: 0 }, stream: 'downstream' })
  })
  await eventually(async () => expect(await eventsOf(id)).toBe(1), {
    withinMs: 60_000,
  })
  await writers[0].process.kill()
  expect(await unanswered.promise).toBe('no answer')
  await servers.toxiproxy.reset()

  const repeated = await eventually(
    async () => {
      const answer = await send(stack, 1, 'POST', products, key, request)
      expect(answer.status).not.toBe(503)
      return answer
    },
    { withinMs: 60_000 },
  )
  expect(repeated).toMatchObject({ status: 201, json: { id, version: 1 } })
  expect(repeated.headers.get('location')).toBe(`${products}/${id}`)
  await writers[0].process.start()
  expect(await eventsOf(id)).toBe(1)
  await readable(stack.reader, id, 1)
})
