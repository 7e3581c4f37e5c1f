import { randomUUID } from 'node:crypto'
import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js'
import { contractDescriptors } from '@lockstep/contracts/descriptors.ts'
import { BadRequest, Status } from '@lockstep/contracts/gen/google/rpc/error_details.ts'
import {
  ProductCommandsClient,
  ProductCommandsService,
  type UpdateProductRequest,
} from '@lockstep/contracts/gen/lockstep/product/v1/product_commands.ts'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import { serveGrpc, type GrpcServer } from '@lockstep/core/grpc/server.ts'
import { grpcServices } from '@lockstep/core/grpc/service.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { productAggregate } from '../../../product/commands.ts'
import type { CommandCall, ExecuteCommand } from '../../commands/execute-command.ts'
import type { RequestedCommand } from '../../commands/idempotency.ts'
import { commandService } from './command-service.ts'

/** The protocol alone: a use case that records its commands, behind a real server and a real client. */
const log = createLog({ service: 'test', level: 'silent' })
const executed: { command: RequestedCommand; call: CommandCall }[] = []
let outcome: () => Promise<{ id: string; version: number }>
let server: GrpcServer
let client: ProductCommandsClient

beforeAll(async () => {
  const execute: ExecuteCommand = (_, command, call) => {
    executed.push({ command, call })
    return outcome()
  }
  const grpcService = grpcServices({ log, metrics: new Registry(), admit: (work) => work() })
  server = await serveGrpc({
    host: '127.0.0.1',
    port: 0,
    tls: { certFile: '', keyFile: '', clientCaFile: '' },
    services: [commandService(grpcService, productAggregate, execute, { timeLimitMs: 60_000 })],
    descriptors: contractDescriptors,
    draining: new AbortController().signal,
  })
  client = new ProductCommandsClient(`127.0.0.1:${server.port}`, credentials.createInsecure())
})
afterAll(async () => {
  client.close()
  await server[Symbol.asyncDispose]()
})

const id = randomUUID()

function update(request: Partial<UpdateProductRequest>, deadline?: number, metadata = new Metadata()) {
  outcome = async () => ({ id, version: 2 })
  executed.length = 0
  return new Promise<RequestedCommand>((resolve, reject) => {
    const full = { id, product: undefined, updateMask: undefined, ...request }
    client.updateProduct(full, metadata, { deadline }, (error) =>
      error ? reject(error) : resolve(executed[0]!.command),
    )
  })
}

/** Sends any bytes. */
async function send(path: string, bytes: Buffer): Promise<unknown> {
  executed.length = 0
  const raw = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure())
  const same = (buffer: Buffer) => buffer
  try {
    return await new Promise((resolve, reject) => {
      raw.makeUnaryRequest(path, same, same, bytes, (error, response) =>
        error ? reject(error) : resolve(response),
      )
    })
  } finally {
    raw.close()
  }
}

async function refusal(call: Promise<unknown>): Promise<ServiceError> {
  const [result] = await Promise.allSettled([call])
  if (result.status === 'fulfilled') throw new Error('was accepted')
  return result.reason as ServiceError
}

/** How a call is refused whose command fails with this error. */
function refusalAfter(failure: Error): Promise<ServiceError> {
  outcome = () => Promise.reject(failure)
  return refusal(
    new Promise((resolve, reject) => {
      client.deleteProduct({ id }, (error, response) => (error ? reject(error) : resolve(response)))
    }),
  )
}

function fieldsOf(error: ServiceError): string[] {
  const [bytes] = error.metadata.get('grpc-status-details-bin')
  const [detail] = Status.decode(bytes as Buffer).details
  return BadRequest.decode(detail!.value).fieldViolations.map((violation) => violation.field)
}

describe('UpdateProduct', () => {
  it('an empty mask means all fields, with the defaults of those that are not set', async () => {
    expect(await update({ product: { name: 'Tea', priceCents: 0 } })).toEqual({
      id,
      expectedVersion: undefined,
      command: {
        type: 'update',
        changes: { name: 'Tea', description: '', category: 'general', priceCents: 0 },
      },
    })
  })

  it('a mask selects its fields; a field that is not set takes its default', async () => {
    const product = { name: 'ignored', priceCents: 7 }
    expect(await update({ product, updateMask: ['price_cents', 'category'] })).toMatchObject({
      command: { changes: { priceCents: 7, category: 'general' } },
    })
  })

  it.each([[['*']], [['*', 'name']], [['name', '*']]])('the mask %j means all fields', async (updateMask) => {
    expect(await update({ product: { name: 'Tea', priceCents: 0 }, updateMask })).toMatchObject({
      command: { changes: { name: 'Tea', description: '', category: 'general', priceCents: 0 } },
    })
    const error = await refusal(update({ product: {}, updateMask }))
    expect(fieldsOf(error)).toEqual(['name', 'price_cents'])
  })

  it('a field without a default must be set when the mask names it', async () => {
    const error = await refusal(update({ product: {}, updateMask: ['name', 'price_cents'] }))
    expect([error.code, fieldsOf(error)]).toEqual([status.INVALID_ARGUMENT, ['name', 'price_cents']])
  })

  it('a mask with an unknown field is invalid', async () => {
    const error = await refusal(update({ product: {}, updateMask: ['colour', 'toString'] }))
    expect([error.code, fieldsOf(error)]).toEqual([status.INVALID_ARGUMENT, ['update_mask', 'update_mask']])
  })

  it.each([
    ['expected_version 0', { expectedVersion: 0 }, ['expected_version']],
    ['a negative expected_version', { expectedVersion: -1 }, ['expected_version']],
    ['an empty idempotency key', { idempotencyKey: '' }, ['idempotency_key']],
    ['a key that a header cannot carry', { idempotencyKey: 'é' }, ['idempotency_key']],
    ['a key with a space before it, which a header loses', { idempotencyKey: ' k' }, ['idempotency_key']],
    ['a key with a space after it', { idempotencyKey: 'k ' }, ['idempotency_key']],
    ['a key of 256 characters', { idempotencyKey: 'k'.repeat(256) }, ['idempotency_key']],
    ['an id that is not a UUID', { id: 'x' }, ['id']],
    [
      'everything at once',
      { id: 'x', expectedVersion: 0, product: {} },
      ['id', 'expected_version', 'name', 'price_cents'],
    ],
    ['no product', { product: undefined }, ['name', 'price_cents']],
  ])('%s is invalid', async (_, wrong, fields) => {
    const error = await refusal(update({ product: { name: 'a', priceCents: 1 }, ...wrong }))
    expect([error.code, fieldsOf(error)]).toEqual([status.INVALID_ARGUMENT, fields])
  })

  it('the idempotency key reaches the command', async () => {
    const idempotencyKey = `~${' '.repeat(253)}~`
    await update({ product: { name: 'a', priceCents: 1 }, idempotencyKey })
    expect(executed[0]!.call.idempotencyKey).toBe(idempotencyKey)
  })

  it('a key in the metadata is the same as the field', async () => {
    const product = { name: 'a', priceCents: 1 }
    const metadata = new Metadata()
    metadata.set('idempotency-key', 'k')
    await update({ product }, undefined, metadata)
    expect(executed[0]!.call.idempotencyKey).toBe('k')
    await update({ product, idempotencyKey: 'k' }, undefined, metadata)
    const error = await refusal(update({ product, idempotencyKey: 'other' }, undefined, metadata))
    expect([error.code, fieldsOf(error)]).toEqual([status.INVALID_ARGUMENT, ['idempotency_key']])
    metadata.set('idempotency-key', '')
    expect(fieldsOf(await refusal(update({ product }, undefined, metadata)))).toEqual(['idempotency-key'])
  })

  it("the caller's deadline reaches the command", async () => {
    const started = Date.now()
    const deadline = started + 30_000
    await update({ product: { name: 'a', priceCents: 1 } }, deadline)
    // It travels as the time that is left, so it is later by the way of the request; 10 ms for what is rounded.
    expect(Math.abs(executed[0]!.call.deadline - deadline)).toBeLessThanOrEqual(Date.now() - started + 10)
  })
})

describe('every call', () => {
  it.each([
    ['not_found', status.NOT_FOUND],
    ['version_conflict', status.ABORTED],
    ['idempotency_mismatch', status.INVALID_ARGUMENT],
    ['overloaded', status.RESOURCE_EXHAUSTED],
    ['unavailable', status.UNAVAILABLE],
    ['outcome_unknown', status.UNKNOWN],
    ['deadline_exceeded', status.DEADLINE_EXCEEDED],
  ] as const)('%s has its status', async (code, expected) => {
    const error = await refusalAfter(new AppError(code, 'why'))
    expect([error.code, error.details, error.metadata.get('x-error-code')]).toEqual([expected, 'why', [code]])
  })

  it.each([
    ['not_found', status.NOT_FOUND],
    ['conflict', status.ALREADY_EXISTS],
    ['version_conflict', status.ABORTED],
    ['precondition', status.FAILED_PRECONDITION],
  ] as const)('a refusal of kind %s has its status and its code', async (kind, expected) => {
    const error = await refusalAfter(new AppError({ kind, code: 'sold_out', title: 'Sold out' }, 'why'))
    expect([error.code, error.metadata.get('x-error-code')]).toEqual([expected, ['sold_out']])
  })

  it('bytes that are not a request of this method are invalid, not INTERNAL', async () => {
    const { path } = ProductCommandsService.createProduct
    const error = await refusal(send(path, Buffer.from([0x0a, 0xff, 0xff])))
    expect([error.code, error.metadata.get('x-error-code')]).toEqual([status.INVALID_ARGUMENT, ['malformed']])
  })

  it('an int64 above 2^53 is invalid, together with the other invalid fields', async () => {
    const product = { name: '', priceCents: 2 ** 53 }
    const error = await refusal(update({ id: 'x', product, expectedVersion: 2 ** 60 }))
    expect([error.metadata.get('x-error-code'), fieldsOf(error)]).toEqual([
      ['invalid'],
      ['id', 'expected_version', 'name', 'price_cents'],
    ])
  })

  it.each([1, 200, 10_000])(
    '%s unknown paths in a mask give an error that a client can read',
    async (count) => {
      const updateMask = Array.from({ length: count }, (_, n) => `x${n}`)
      const error = await refusal(update({ updateMask }))
      expect([error.code, error.details]).toEqual([
        status.INVALID_ARGUMENT,
        count > 20 ? `Not valid, with ${count - 20} more: update_mask` : 'Not valid: update_mask',
      ])
      expect(fieldsOf(error)).toHaveLength(Math.min(count, 20))
    },
  )

  it.each(['x', 'é', '🫖'])(
    'a path of 12,000 times %s gives an error that a client can read',
    async (unit) => {
      const error = await refusal(update({ updateMask: [unit.repeat(12_000)] }))
      expect([error.code, fieldsOf(error)]).toEqual([status.INVALID_ARGUMENT, ['update_mask']])
    },
  )

  it('an unexpected error does not show its cause', async () => {
    const error = await refusalAfter(new TypeError('a secret detail'))
    expect([error.code, error.details.includes('secret')]).toEqual([status.INTERNAL, false])
  })
})
