import { randomUUID } from 'node:crypto'
import { describe, expect } from 'vitest'
import { problemOf, type HttpRequest } from '../../clients/http-client.ts'
import { readable } from '../../clients/readable.ts'
import { test } from '../../system/stack-test.ts'

const products = '/api/v1/products'
const product = { name: 'Teapot', priceCents: 1 }

type Row = readonly [
  rule: string,
  /** `:id` is replaced by a product at version 1, `:gone` by a deleted one. */
  request: readonly [method: string, path: string, request?: HttpRequest],
  status: number,
  code: string,
  /** Every invalid field, sorted. */
  fields?: readonly string[],
]

const one = `${products}/:id`
const json = 'application/json'
const withField = (field: object): HttpRequest => ({ json: { ...product, ...field } })
const typed = (type: string, body: string | Uint8Array = '{}'): HttpRequest => ({
  body,
  headers: { 'content-type': type },
})
const ifMatch = (tag: string): HttpRequest => ({ json: product, headers: { 'if-match': tag } })
const keyed = { json: product, headers: { 'idempotency-key': 'k'.repeat(256) } }

const fieldErrors: [string, object, string][] = [
  ['an empty name', { name: '' }, 'name'],
  ['a name of 251 code points', { name: '🫖'.repeat(251) }, 'name'],
  ['a name with U+0000', { name: 'a\u0000' }, 'name'],
  ['a name with half of a surrogate pair', { name: '\ud83e' }, 'name'],
  ['a name that is null', { name: null }, 'name'],
  ['a name that is a number', { name: 1 }, 'name'],
  ['a description of 5001 code points', { description: 'a'.repeat(5_001) }, 'description'],
  ['a category with capitals', { category: 'Tea' }, 'category'],
  ['a category with two hyphens', { category: 'a--b' }, 'category'],
  ['an empty category', { category: '' }, 'category'],
  ['a category of 61', { category: 'a'.repeat(61) }, 'category'],
  ['a price below 0', { priceCents: -1 }, 'priceCents'],
  ['a price above the limit', { priceCents: 100_000_000_000 }, 'priceCents'],
  ['half a cent', { priceCents: 0.5 }, 'priceCents'],
  ['a price in quotes', { priceCents: '1' }, 'priceCents'],
  ['an unknown field', { weight: 1 }, 'weight'],
]

const commands: Row[] = [
  ['an id that is taken', ['POST', products, withField({ id: ':id' })], 409, 'already_exists'],
  ['an id that was deleted', ['POST', products, withField({ id: ':gone' })], 409, 'already_exists'],
  ['an id that is not a UUID', ['POST', products, withField({ id: 'x' })], 400, 'invalid', ['id']],
  ['no fields at all', ['POST', products, { json: {} }], 400, 'invalid', ['name', 'priceCents']],
  [
    'every field invalid',
    ['POST', products, { json: { id: 1, name: '', description: 2, category: '', priceCents: -1, x: 0 } }],
    400,
    'invalid',
    ['category', 'description', 'id', 'name', 'priceCents', 'x'],
  ],
  ['an idempotency key of 256 characters', ['POST', products, keyed], 400, 'invalid', ['Idempotency-Key']],
  ...fieldErrors.flatMap(([name, field, fault]): Row[] => [
    [name, ['POST', products, withField(field)], 400, 'invalid', [fault]],
    [name, ['PUT', one, withField(field)], 400, 'invalid', [fault]],
    [name, ['PATCH', one, { json: field }], 400, 'invalid', [fault]],
  ]),
  ...(['PUT', 'PATCH', 'DELETE'] as const).flatMap((method): Row[] => {
    const body = method === 'DELETE' ? {} : { json: product }
    return [
      ['an unknown id', [method, `${products}/${randomUUID()}`, body], 404, 'not_found'],
      ['a deleted id', [method, `${products}/:gone`, body], 404, 'not_found'],
      ['an id that is not a UUID', [method, `${products}/7`, body], 400, 'invalid', ['id']],
      [
        'another version',
        [method, one, { ...body, headers: { 'if-match': '"2"' } }],
        412,
        'version_conflict',
      ],
      [
        'an idempotency key of 256 characters',
        [method, one, { ...body, headers: keyed.headers }],
        400,
        'invalid',
        ['Idempotency-Key'],
      ],
    ]
  }),
  ...['1', '"0"', '"x"', 'W/"1"', '"1", "2"', '""'].map((tag): Row => [
    `If-Match: ${tag}`,
    ['PUT', one, ifMatch(tag)],
    400,
    'invalid',
    ['If-Match'],
  ]),
  ...(['PUT', 'PATCH', 'DELETE'] as const).map((method): Row => [
    'another precondition',
    [
      method,
      one,
      { ...(method !== 'DELETE' && { json: product }), headers: { 'if-none-match': '*', 'if-range': '"1"' } },
    ],
    400,
    'invalid',
    ['If-None-Match', 'If-Range'],
  ]),
  ['a precondition of a create', ['POST', products, ifMatch('"1"')], 400, 'invalid', ['If-Match']],
  [
    'an encoded body',
    ['POST', products, { json: product, headers: { 'content-encoding': 'br' } }],
    415,
    'unsupported_media_type',
  ],
  [
    'a key twice, and a number that changes',
    ['POST', products, typed(json, '{"name":"a","name":"b","priceCents":9007199254740993}')],
    400,
    'invalid',
    ['name', 'priceCents'],
  ],
  ['no price', ['PUT', one, { json: { name: 'x' } }], 400, 'invalid', ['priceCents']],
  ['an id in the body', ['PUT', one, withField({ id: randomUUID() })], 400, 'invalid', ['id']],
  ...(
    [
      ['POST', products],
      ['PUT', one],
      ['PATCH', one],
    ] as const
  ).flatMap(([method, path]): Row[] => [
    ['half an object', [method, path, typed(json, '{"name":')], 400, 'malformed'],
    ['no body', [method, path, typed(json, '')], 400, 'malformed'],
    ['a list', [method, path, typed(json, '[]')], 400, 'invalid', ['body']],
    [
      'bytes that are not UTF-8',
      [method, path, typed(json, Buffer.from([0x22, 0xff, 0x22]))],
      400,
      'malformed',
    ],
    ['plain text', [method, path, typed('text/plain')], 415, 'unsupported_media_type'],
    ['another charset', [method, path, typed(`${json}; charset=latin1`)], 415, 'unsupported_media_type'],
    ['no media type', [method, path, typed('')], 415, 'unsupported_media_type'],
    ['256 KiB and one byte', [method, path, typed(json, ' '.repeat(262_145))], 413, 'too_large'],
  ]),
  ['a merge patch', ['PUT', one, typed('application/merge-patch+json')], 415, 'unsupported_media_type'],
  ['an unknown path', ['GET', '/api/v2/products'], 404, 'not_found'],
  ['a query at the writer', ['GET', products], 405, 'method_not_allowed'],
  ['a query at the writer', ['GET', one], 405, 'method_not_allowed'],
  ['a post to a product', ['POST', one, { json: product }], 405, 'method_not_allowed'],
]

const queries: Row[] = [
  ['an unknown id', ['GET', `${products}/${randomUUID()}`], 404, 'not_found'],
  ['a deleted id', ['GET', `${products}/:gone?minVersion=2`], 404, 'not_found'],
  ['an id that is not a UUID', ['GET', `${products}/7`], 400, 'invalid', ['id']],
  ['a version that never comes', ['GET', `${one}?minVersion=9`], 503, 'read_model_behind'],
  ...['0', '-1', '1.5', 'x', ''].map((version): Row => [
    'a version',
    ['GET', `${one}?minVersion=${version}`],
    400,
    'invalid',
    ['minVersion'],
  ]),
  ...['0', '101', '-1', '1.5', 'x', ''].map((size): Row => [
    'a page size',
    ['GET', `${products}?pageSize=${size}`],
    400,
    'invalid',
    ['pageSize'],
  ]),
  ...['garbage', 'AAAA', '%00', '='].map((token): Row => [
    'a page token',
    ['GET', `${products}?pageToken=${token}`],
    400,
    'invalid',
    ['pageToken'],
  ]),
  ['bytes that are not UTF-8', ['GET', `${products}?search=%FF`], 400, 'malformed'],
  ['another version', ['GET', one, { headers: { 'if-match': '"2"' } }], 412, 'version_conflict'],
  ['a precondition', ['GET', one, { headers: { 'if-range': '"1"' } }], 400, 'invalid', ['If-Range']],
  ['a category', ['GET', `${products}?category=No`], 400, 'invalid', ['category']],
  ['an unknown parameter', ['GET', `${products}?serach=x`], 400, 'invalid', ['serach']],
  [
    'two invalid parameters',
    ['GET', `${products}?pageSize=0&category=_`],
    400,
    'invalid',
    ['category', 'pageSize'],
  ],
  ['an unknown path', ['GET', '/api/v2/products'], 404, 'not_found'],
  ['a command at the reader', ['POST', products, { json: product }], 405, 'method_not_allowed'],
  ['a command at the reader', ['DELETE', one], 405, 'method_not_allowed'],
]

describe.for([
  ['writer', commands],
  ['reader', queries],
] as const)('errors of the %s over HTTP', ([name, rows]) => {
  const names = rows.map(([rule, [method, path], status]) => `${rule}: ${method} ${path} is ${status}`)

  test('each wrong request gets its problem, which names every invalid field', async ({ stack }) => {
    const { writers, reader } = stack
    const { http } = name === 'writer' ? writers[0] : reader
    const ids = { ':id': await create(), ':gone': await create() }
    await writers[0].http.send('DELETE', `${products}/${ids[':gone']}`)
    await readable(reader, ids[':id'], 1)
    await readable(reader, ids[':gone'], 2)
    const filled = (text: string) => text.replace(/:id|:gone/, (word) => ids[word as keyof typeof ids])

    async function create(): Promise<string> {
      const { json: created } = await writers[0].http.send('POST', products, { json: product })
      return (created as { id: string }).id
    }

    for (const [index, [, [method, path, request], status, code, fields]] of rows.entries()) {
      const body = request?.json === undefined ? undefined : JSON.parse(filled(JSON.stringify(request.json)))
      const response = await http.send(method, filled(path), { ...request, json: body })
      const problem = problemOf(response)
      expect({ status: problem.status, code: problem.code }, names[index]).toEqual({ status, code })
      const invalid = problem.errors?.map(({ field }) => field).toSorted()
      expect(invalid, names[index]).toEqual(fields)
      expect(response.headers.get('x-request-id'), names[index]).toBe(problem.requestId)
      expect(response.headers.has('retry-after'), names[index]).toBe(status === 503)
    }
    const unchanged = await reader.http.send('GET', `${products}/${ids[':id']}`)
    expect(unchanged.json).toMatchObject({ version: 1, ...product })
  })
})

test('values at the limits are accepted: free products, the longest texts, the highest price', async ({
  stack,
}) => {
  const { http } = stack.writers[0]
  for (const details of [
    { name: 'Free', priceCents: 0 },
    { name: '🫖'.repeat(250), description: '🫖'.repeat(5_000), priceCents: 99_999_999_999 },
    { name: 'a', description: '', category: `${'a'.repeat(58)}-1`, priceCents: 1 },
  ]) {
    const { status, json: created } = await http.send('POST', products, { json: details })
    expect(status).toBe(201)
    const { id } = created as { id: string }
    await readable(stack.reader, id, 1)
    const { product: read } = await stack.reader.grpc.getProduct({ id })
    expect(read).toMatchObject(details)
  }
})
