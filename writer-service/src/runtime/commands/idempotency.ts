import { createHash } from 'node:crypto'
import { AppError, invalid } from '@lockstep/core/errors/app-error.ts'
import type { AnyCommand } from '../aggregate.ts'
import type { Claim, CommandOutcome, ExpectedVersion, IdempotencyKey } from './ports.ts'

/** A command as its caller sends it. */
export type RequestedCommand = {
  /** Undefined: the writer generates the id of a new aggregate. */
  id: string | undefined
  expectedVersion: ExpectedVersion | undefined
  command: AnyCommand
}

/** The keys that are the same in an HTTP header, which loses the spaces at both ends, and in a gRPC field. */
export const idempotencyKeyPattern = /^[!-~]([ -~]{0,253}[!-~])?$/

/** The idempotency key of a request, if it has one. Throws `invalid` on the field that carried it. */
export function idempotencyKeyOf(value: string | undefined, field: string): string | undefined {
  if (value === undefined || idempotencyKeyPattern.test(value)) return value
  throw invalid([{ field, message: 'must have 1-255 printable ASCII characters and no space at either end' }])
}

/** The key with the fingerprint of its command. */
export function withFingerprint(key: string, aggregate: string, requested: RequestedCommand): IdempotencyKey {
  return { key, fingerprint: fingerprintOf({ aggregate, ...requested }) }
}

/**
 * The stored result of the command that has the key. Throws `idempotency_mismatch` if that is another command: its
 * result would tell this caller that its own command was carried out.
 */
export function replay(claim: Claim, key: IdempotencyKey): CommandOutcome {
  if (claim.fingerprint.equals(key.fingerprint)) return claim.outcome
  throw new AppError(
    'idempotency_mismatch',
    'Another command used this idempotency key before; send this command with a key of its own',
  )
}

/**
 * What makes two requests the same command: the aggregate, the id if the caller gave one, the expected version and the
 * command, independent of the protocol and the order of the fields. SHA-256 of them as JSON.
 */
function fingerprintOf(parts: RequestedCommand & { aggregate: string }): Buffer {
  return createHash('sha256').update(JSON.stringify(parts, sortedKeys)).digest()
}

function sortedKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
