import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { statusOf } from './clients/grpc-client.ts'
import { problemOf } from './clients/http-client.ts'
import { readable } from './queries.ts'
import { test } from './stack-test.ts'

const products = '/api/v1/products'

test('a product created over HTTP is read through gRPC and HTTP, then changed, then gone', async ({
  stack,
}) => {
  const { writers, reader } = stack
  const { http } = writers[0]
  const details = {
    name: 'Théière émaillée',
    description: '“1,2 l” 🫖',
    category: 'kitchen',
    priceCents: 3490,
  }

  const created = await http.send('POST', products, { json: details })
  expect(created.status).toBe(201)
  const { id } = created.json as { id: string }
  expect(created.json).toEqual({ id: expect.stringMatching(/^[0-9a-f-]{36}$/), version: 1 })
  expect(created.headers.get('location')).toBe(`${products}/${id}`)
  expect(created.headers.get('etag')).toBe('"1"')

  await readable(reader, id, 1)
  const overGrpc = await reader.grpc.getProduct({ id })
  expect(overGrpc.product).toMatchObject({ id, version: 1, ...details })
  const overHttp = await reader.http.send('GET', `${products}/${id}`)
  expect(overHttp.status).toBe(200)
  expect(overHttp.headers.get('etag')).toBe('"1"')
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  expect(overHttp.json).toEqual({ id, version: 1, ...details, createdAt: time, updatedAt: time })
  const unchanged = await reader.http.send('GET', `${products}/${id}`, {
    headers: { 'if-none-match': '"1"' },
  })
  expect(unchanged).toMatchObject({ status: 304, text: '' })

  const replaced = await http.send('PUT', `${products}/${id}`, { json: { name: 'Teapot', priceCents: 0 } })
  expect(replaced).toMatchObject({ status: 200, json: { id, version: 2 } })
  expect(replaced.headers.get('etag')).toBe('"2"')
  const patched = await http.send('PATCH', `${products}/${id}`, {
    body: '{"category":"tea"}',
    headers: { 'content-type': 'application/merge-patch+json', 'if-match': '"2"' },
  })
  expect(patched).toMatchObject({ status: 200, json: { id, version: 3 } })
  await readable(reader, id, 3)
  const read = await reader.http.send('GET', `${products}/${id}?minVersion=3`)
  expect(read.json).toMatchObject({
    version: 3,
    name: 'Teapot',
    description: '',
    category: 'tea',
    priceCents: 0,
  })

  const deleted = await http.send('DELETE', `${products}/${id}`, { headers: { 'if-match': '"3"' } })
  expect(deleted).toMatchObject({ status: 200, json: { id, version: 4 } })
  expect(deleted.headers.get('etag')).toBe('"4"')
  await readable(reader, id, 4)
  const gone = await reader.http.send('GET', `${products}/${id}?minVersion=4`)
  expect(problemOf(gone).code).toBe('not_found')
  expect(await statusOf(reader.grpc.getProduct({ id }))).toBe('NOT_FOUND')
})

test('a product created over gRPC is changed and deleted over gRPC', async ({ stack }) => {
  const { writers, reader } = stack
  const { grpc } = writers[1]
  const id = randomUUID()
  const product = { name: 'Kettle', description: 'For the stove', category: 'kitchen', priceCents: 4200 }

  expect(await grpc.createProduct({ id: id.toUpperCase(), product })).toEqual({ id, version: 1 })
  const masked = { id, product: { priceCents: 3900 }, updateMask: ['price_cents'], expectedVersion: 1 }
  expect(await grpc.updateProduct(masked)).toEqual({ id, version: 2 })
  await readable(reader, id, 2)
  const read = await reader.grpc.getProduct({ id, minVersion: 2 })
  expect(read.product).toMatchObject({ ...product, priceCents: 3900 })

  const whole = { id, product: { name: 'Kettle II', priceCents: 1 }, updateMask: undefined }
  expect(await grpc.updateProduct(whole)).toEqual({ id, version: 3 })
  await readable(reader, id, 3)
  const replaced = await reader.http.send('GET', `${products}/${id}`)
  expect(replaced.json).toMatchObject({
    name: 'Kettle II',
    description: '',
    category: 'general',
    priceCents: 1,
  })

  expect(await grpc.deleteProduct({ id, expectedVersion: 3 })).toEqual({ id, version: 4 })
  await readable(reader, id, 4)
  expect(await statusOf(reader.grpc.getProduct({ id, minVersion: 4 }))).toBe('NOT_FOUND')
})

test('an update after a delete is refused and does not bring the product back', async ({ stack }) => {
  const { writers, reader } = stack
  const [{ http }, { grpc }] = writers
  const id = randomUUID()
  const json = { id, name: 'Short-lived', priceCents: 1 }
  await http.send('POST', products, { json })
  await http.send('DELETE', `${products}/${id}`)

  const { id: _, ...details } = json
  expect(problemOf(await http.send('PUT', `${products}/${id}`, { json: details })).code).toBe('not_found')
  expect(problemOf(await http.send('PATCH', `${products}/${id}`, { json: details })).code).toBe('not_found')
  expect(problemOf(await http.send('DELETE', `${products}/${id}`)).code).toBe('not_found')
  expect(problemOf(await http.send('POST', products, { json })).code).toBe('already_exists')
  expect(await statusOf(grpc.updateProduct({ id, product: details, updateMask: [] }))).toBe('NOT_FOUND')
  expect(await statusOf(grpc.createProduct({ id, product: details }))).toBe('ALREADY_EXISTS')

  await readable(reader, id, 2)
  const gone = await reader.http.send('GET', `${products}/${id}?minVersion=2`)
  expect(problemOf(gone).code).toBe('not_found')
  const events = await stack.postgres.query('select from events where id = $1', [id])
  expect(events.rowCount).toBe(2)
})

test('a delete before the create is refused and leaves no ghost: the product can be created, and is read', async ({
  stack,
}) => {
  const { writers, reader } = stack
  const { http } = writers[0]
  const id = randomUUID()
  expect((await http.send('DELETE', `${products}/${id}`)).status).toBe(404)
  const created = await http.send('POST', products, { json: { id, name: 'Late', priceCents: 1 } })
  expect(created).toMatchObject({ status: 201, json: { id, version: 1 } })
  await readable(reader, id, 1)
  expect((await reader.grpc.getProduct({ id })).product).toMatchObject({ id, version: 1, name: 'Late' })
})

test('a command that changes nothing keeps the version and makes no event', async ({ stack }) => {
  const { http, grpc } = stack.writers[0]
  const details = { name: 'Same', description: 'as before', category: 'general', priceCents: 7 }
  const { id } = (await http.send('POST', products, { json: details })).json as { id: string }
  for (const answer of [
    await http.send('PUT', `${products}/${id}`, { json: details }),
    await http.send('PATCH', `${products}/${id}`, { json: { priceCents: 7 } }),
    await http.send('PATCH', `${products}/${id}`, { json: {}, headers: { 'if-match': '*' } }),
  ]) {
    expect(answer).toMatchObject({ status: 200, json: { id, version: 1 } })
    expect(answer.headers.get('etag')).toBe('"1"')
  }
  expect(await grpc.updateProduct({ id, product: details, updateMask: [] })).toEqual({ id, version: 1 })
  const events = await stack.postgres.query('select from events where id = $1', [id])
  expect(events.rowCount).toBe(1)
})
