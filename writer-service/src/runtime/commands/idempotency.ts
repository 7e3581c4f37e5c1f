import { createHash } from 'node:crypto'
import { AppError, invalid } from '@lockstep/core/errors/app-error.ts'
import type { AnyCommand } from '../aggregate.ts'
import type { Claim, CommandOutcome, KeyedCommand } from './ports.ts'

/** A command as its caller sends it. */
export type RequestedCommand = {
  /** Undefined: the writer generates the id of a new aggregate. */
  id: string | undefined
  expectedVersion: number | undefined
  command: AnyCommand
}

/** Printable ASCII, so that every key can be sent as an HTTP header and as a gRPC field. */
const idempotencyKeyPattern = /^[\x20-\x7e]{1,255}$/

/** The idempotency key of a request, if it has one. Throws `invalid` on the field that carried it. */
export function idempotencyKeyOf(value: string | undefined, field: string): string | undefined {
  if (value === undefined || idempotencyKeyPattern.test(value)) return value
  throw invalid([{ field, message: 'must have 1-255 printable ASCII characters' }])
}

export function keyedCommand(key: string, aggregate: string, requested: RequestedCommand): KeyedCommand {
  return { key, fingerprint: fingerprintOf({ aggregate, ...requested }) }
}

/**
 * The stored result of the command that has the key. Throws `idempotency_mismatch` if that is another command: its
 * result would tell this caller that its own command was carried out.
 */
export function storedOutcome(claim: Claim, command: KeyedCommand): CommandOutcome {
  if (claim.fingerprint.equals(command.fingerprint)) return claim.outcome
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
