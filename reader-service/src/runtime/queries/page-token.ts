import { createHash } from 'node:crypto'
import type { PagePosition } from './item-finder.ts'

/** What a token belongs to: the list, and the values of its filters. With another scope it is invalid. */
export type PageScope = { readonly list: string; readonly filters: readonly (string | number | undefined)[] }

// 1 byte kind of key, 8 bytes key, 16 bytes id, 8 bytes hash of the scope.
const DATE = 2
const NUMBER = 3
const LENGTH = 33

/** An opaque base64url text. The id is a UUID; the key is a Date or a whole number. */
export function encodePageToken({ key, id }: PagePosition, scope: PageScope): string {
  const bytes = Buffer.alloc(LENGTH)
  bytes.writeUInt8(key instanceof Date ? DATE : NUMBER, 0)
  bytes.writeBigInt64BE(BigInt(Number(key)), 1)
  bytes.write(id.replaceAll('-', ''), 9, 'hex')
  scopeHash(scope).copy(bytes, 25)
  return bytes.toString('base64url')
}

/** Undefined for every text that `encodePageToken` did not return for the same scope. */
export function decodePageToken(token: string, scope: PageScope): PagePosition | undefined {
  const bytes = Buffer.from(token, 'base64url')
  // Buffer.from skips characters that are not base64url; each token has only one valid spelling.
  if (bytes.length !== LENGTH || bytes.toString('base64url') !== token) return undefined
  if (!bytes.subarray(25).equals(scopeHash(scope))) return undefined
  const key = keyOf(bytes.readUInt8(0), Number(bytes.readBigInt64BE(1)))
  const id = bytes.toString('hex', 9, 25).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  return key === undefined ? undefined : { key, id }
}

function keyOf(kind: number, value: number): Date | number | undefined {
  if (kind === NUMBER && Number.isSafeInteger(value)) return value
  const date = new Date(value)
  return kind === DATE && !Number.isNaN(date.getTime()) ? date : undefined
}

function scopeHash({ list, filters }: PageScope): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([list, ...filters]))
    .digest()
    .subarray(0, 8)
}
