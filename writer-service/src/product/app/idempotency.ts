import { createHash } from 'node:crypto'
import { AppError, invalid } from '@lockstep/core/errors/app-error.ts'
import type { ProductCommand, ProductDetails } from '../domain/product.ts'
import type { Claim, CommandOutcome, KeyedCommand } from './ports.ts'

/** A command as its caller sends it: the id of a new product may be left to the writer. */
export type RequestedCommand =
  | Exclude<ProductCommand, { type: 'create' }>
  | { type: 'create'; id: string | undefined; details: ProductDetails }

/** Printable ASCII, so that every key can be sent as an HTTP header and as a gRPC field. */
const idempotencyKeyPattern = /^[\x20-\x7e]{1,255}$/

/** The key that came with a command, if one did. Throws `invalid` on the field that carried it. */
export function idempotencyKeyOf(value: string | undefined, field: string): string | undefined {
  if (value === undefined || idempotencyKeyPattern.test(value)) return value
  throw invalid([{ field, message: 'must have 1-255 printable ASCII characters' }])
}

export function keyed(key: string, command: RequestedCommand): KeyedCommand {
  return { key, fingerprint: fingerprintOf(command) }
}

/**
 * The outcome of the command that has the key. Throws `idempotency_mismatch` when that is another one: its caller
 * must not be told that this command has been carried out.
 */
export function firstOutcome(claim: Claim, command: KeyedCommand): CommandOutcome {
  if (claim.fingerprint.equals(command.fingerprint)) return claim.outcome
  throw new AppError(
    'idempotency_mismatch',
    'The idempotency key came with another command before; send this one with a key of its own',
  )
}

/**
 * What makes two requests the same command: its type, the id if one was given, the fields and the expected version,
 * whatever protocol and order they came in. SHA-256 of them as JSON.
 */
function fingerprintOf(command: RequestedCommand): Buffer {
  const { name, description, category, priceCents } = fieldsOf(command)
  const expectedVersion = command.type === 'create' ? undefined : command.expectedVersion
  const { type, id } = command
  const canonical = {
    aggregate: 'product',
    type,
    id,
    expectedVersion,
    name,
    description,
    category,
    priceCents,
  }
  return createHash('sha256').update(JSON.stringify(canonical)).digest()
}

function fieldsOf(command: RequestedCommand): Partial<ProductDetails> {
  if (command.type === 'create') return command.details
  return command.type === 'update' ? command.changes : {}
}
