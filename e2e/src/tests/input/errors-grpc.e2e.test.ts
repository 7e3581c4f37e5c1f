import { randomUUID } from 'node:crypto'
import { status, type ServiceError } from '@grpc/grpc-js'
import { expect } from 'vitest'
import { invalidFields, type CommandsClient, type QueriesClient } from '../../clients/grpc-client.ts'
import { readable } from '../../clients/readable.ts'
import { test } from '../../system/stack-test.ts'

type Clients = { commands: CommandsClient; queries: QueriesClient; id: string; gone: string }
type Row = readonly [
  rule: string,
  call: (clients: Clients) => Promise<unknown>,
  status: keyof typeof status,
  code: string,
  /** Every invalid field, sorted. */
  fields?: readonly string[],
]

const product = { name: 'Teapot', priceCents: 1 }
const unknown = randomUUID()
const updateMask = undefined
const bytes = Buffer.from('ffffffffff', 'hex')
const path = (service: string, method: string) => `/lockstep.product.v1.${service}/${method}`

const fieldErrors: [string, object, string][] = [
  ['an empty name', { name: '' }, 'name'],
  ['a name of 251 code points', { name: 'é'.repeat(251) }, 'name'],
  ['a name with U+0000', { name: 'a\u0000' }, 'name'],
  ['a description of 5001 code points', { description: 'a'.repeat(5_001) }, 'description'],
  ['a category with capitals', { category: 'Tea' }, 'category'],
  ['a price below 0', { priceCents: -1 }, 'price_cents'],
  ['a price above the limit', { priceCents: 100_000_000_000 }, 'price_cents'],
]

const rows: Row[] = [
  [
    'a taken id',
    (on) => on.commands.createProduct({ id: on.id, product }),
    'ALREADY_EXISTS',
    'already_exists',
  ],
  [
    'a deleted id',
    (on) => on.commands.createProduct({ id: on.gone, product }),
    'ALREADY_EXISTS',
    'already_exists',
  ],
  ['no UUID', (on) => on.commands.createProduct({ id: 'x', product }), 'INVALID_ARGUMENT', 'invalid', ['id']],
  [
    'no product',
    ({ commands }) => commands.createProduct({ product: undefined }),
    'INVALID_ARGUMENT',
    'invalid',
    ['name', 'price_cents'],
  ],
  [
    'every field invalid',
    ({ commands }) =>
      commands.createProduct({
        id: '',
        product: { name: '', description: '\0', category: '', priceCents: -1 },
      }),
    'INVALID_ARGUMENT',
    'invalid',
    ['category', 'description', 'id', 'name', 'price_cents'],
  ],
  ...fieldErrors.flatMap(([name, field, fault]): Row[] => {
    const wrong = { ...product, ...field }
    return [
      [
        `${name}, created`,
        (on) => on.commands.createProduct({ product: wrong }),
        'INVALID_ARGUMENT',
        'invalid',
        [fault],
      ],
      [
        `${name}, replaced`,
        (on) => on.commands.updateProduct({ id: on.id, product: wrong, updateMask }),
        'INVALID_ARGUMENT',
        'invalid',
        [fault],
      ],
      [
        `${name}, masked`,
        (on) => on.commands.updateProduct({ id: on.id, product: field, updateMask: [fault] }),
        'INVALID_ARGUMENT',
        'invalid',
        [fault],
      ],
    ]
  }),
  [
    'an unknown field in the mask',
    (on) => on.commands.updateProduct({ id: on.id, product, updateMask: ['name', 'weight'] }),
    'INVALID_ARGUMENT',
    'invalid',
    ['update_mask'],
  ],
  [
    'a required field in the mask that is not set',
    (on) => on.commands.updateProduct({ id: on.id, product: {}, updateMask: ['name'] }),
    'INVALID_ARGUMENT',
    'invalid',
    ['name'],
  ],
  [
    'an unknown id',
    (on) => on.commands.updateProduct({ id: unknown, product, updateMask }),
    'NOT_FOUND',
    'not_found',
  ],
  [
    'a deleted id',
    (on) => on.commands.updateProduct({ id: on.gone, product, updateMask }),
    'NOT_FOUND',
    'not_found',
  ],
  ['an unknown id', (on) => on.commands.deleteProduct({ id: unknown }), 'NOT_FOUND', 'not_found'],
  ['a deleted id', (on) => on.commands.deleteProduct({ id: on.gone }), 'NOT_FOUND', 'not_found'],
  ['no UUID', (on) => on.commands.deleteProduct({ id: '' }), 'INVALID_ARGUMENT', 'invalid', ['id']],
  [
    'another version',
    (on) => on.commands.updateProduct({ id: on.id, product, updateMask, expectedVersion: 2 }),
    'ABORTED',
    'version_conflict',
  ],
  [
    'another version',
    (on) => on.commands.deleteProduct({ id: on.id, expectedVersion: 2 }),
    'ABORTED',
    'version_conflict',
  ],
  ...[0, -1].map((expectedVersion): Row => [
    `version ${expectedVersion}`,
    (on) => on.commands.deleteProduct({ id: on.id, expectedVersion }),
    'INVALID_ARGUMENT',
    'invalid',
    ['expected_version'],
  ]),
  [
    'an empty idempotency key',
    (on) => on.commands.deleteProduct({ id: on.id, idempotencyKey: '' }),
    'INVALID_ARGUMENT',
    'invalid',
    ['idempotency_key'],
  ],
  [
    'bytes that are not a message',
    ({ commands }) => commands.raw(path('ProductCommands', 'CreateProduct'), bytes),
    'INVALID_ARGUMENT',
    'malformed',
  ],

  ['an unknown id', ({ queries }) => queries.getProduct({ id: unknown }), 'NOT_FOUND', 'not_found'],
  ['a deleted id', (on) => on.queries.getProduct({ id: on.gone, minVersion: 2 }), 'NOT_FOUND', 'not_found'],
  ['no UUID', ({ queries }) => queries.getProduct({ id: 'x' }), 'INVALID_ARGUMENT', 'invalid', ['id']],
  [
    'version 0',
    (on) => on.queries.getProduct({ id: on.id, minVersion: 0 }),
    'INVALID_ARGUMENT',
    'invalid',
    ['min_version'],
  ],
  [
    'a version that never comes',
    (on) => on.queries.getProduct({ id: on.id, minVersion: 9 }),
    'UNAVAILABLE',
    'read_model_behind',
  ],
  ...[0, 101, -1].map((pageSize): Row => [
    `a page of ${pageSize}`,
    ({ queries }) => queries.searchProducts({ pageSize }),
    'INVALID_ARGUMENT',
    'invalid',
    ['page_size'],
  ]),
  [
    'a garbage token and no slug',
    ({ queries }) => queries.searchProducts({ pageToken: 'garbage', category: 'No' }),
    'INVALID_ARGUMENT',
    'invalid',
    ['category', 'page_token'],
  ],
  [
    'bytes that are not a message',
    ({ queries }) => queries.raw(path('ProductQueries', 'GetProduct'), bytes),
    'INVALID_ARGUMENT',
    'malformed',
  ],
]

test('each wrong gRPC call gets its status, which names every invalid field', async ({ stack }) => {
  const commands = stack.writers[0].grpc
  const queries = stack.reader.grpc
  const { id } = await commands.createProduct({ product })
  const { id: gone } = await commands.createProduct({ product })
  await commands.deleteProduct({ id: gone })
  await readable(stack.reader, id, 1)
  await readable(stack.reader, gone, 2)

  for (const [rule, call, expected, code, fields = []] of rows) {
    const error = await call({ commands, queries, id, gone }).then(
      () => undefined,
      (thrown: ServiceError) => thrown,
    )
    const message = `${rule}: ${call.toString()}`
    expect(status[error?.code ?? status.OK], message).toBe(expected)
    expect(error?.metadata.get('x-error-code'), message).toEqual([code])
    expect(error && invalidFields(error), message).toEqual(fields)
  }
  expect((await queries.getProduct({ id })).product).toMatchObject({ version: 1, ...product })
})

test('a request over 256 KiB and an unknown method are refused', async ({ stack }) => {
  const { grpc } = stack.writers[0]
  const large = grpc.raw(path('ProductCommands', 'CreateProduct'), Buffer.alloc(262_145))
  await expect(large).rejects.toMatchObject({ code: status.INVALID_ARGUMENT })
  const unsupported = grpc.raw(path('ProductCommands', 'Explode'), Buffer.alloc(0))
  await expect(unsupported).rejects.toMatchObject({ code: status.UNIMPLEMENTED })
})
