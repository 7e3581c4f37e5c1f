import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { SortKey } from './definition.ts'
import type { PagePosition } from './item-finder.ts'

/** What a token belongs to: the list, its order and the values of its filters. With another scope it is invalid. */
export type PageScope = {
  readonly list: string
  readonly sort: string
  readonly filters: readonly (string | number | undefined)[]
}

// 1 byte kind of key, 16 bytes id, 8 bytes hash of the scope, and the key: 8 bytes, or a text in UTF-8.
const DATE = 4
const NUMBER = 5
const TEXT = 6
const KEY = 25

/** An opaque base64url text. The id is a UUID; the key is a Date, a whole number or a text. */
export function encodePageToken({ key, id }: PagePosition, scope: PageScope): string {
  const kind = typeof key === 'string' ? TEXT : key instanceof Date ? DATE : NUMBER
  const idBytes = Buffer.from(id.replaceAll('-', ''), 'hex')
  return Buffer.concat([Buffer.of(kind), idBytes, scopeHash(scope), bytesOf(key)]).toString('base64url')
}

/** Undefined for every text that `encodePageToken` did not return for the same scope. */
export function decodePageToken(token: string, scope: PageScope): PagePosition | undefined {
  const bytes = Buffer.from(token, 'base64url')
  // Buffer.from skips characters that are not base64url; each token has only one valid spelling.
  if (bytes.length < KEY || bytes.toString('base64url') !== token) return undefined
  if (!bytes.subarray(17, KEY).equals(scopeHash(scope))) return undefined
  const key = keyOf(bytes.readUInt8(0), bytes.subarray(KEY))
  const id = bytes.toString('hex', 1, 17).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  return key === undefined ? undefined : { key, id }
}

function bytesOf(key: SortKey): Buffer {
  if (typeof key === 'string') return Buffer.from(key)
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(Number(key)))
  return bytes
}

function keyOf(kind: number, bytes: Buffer): SortKey | undefined {
  if (kind === TEXT) return isUtf8(bytes) ? bytes.toString() : undefined
  if (bytes.length !== 8) return undefined
  const value = Number(bytes.readBigInt64BE())
  if (kind === NUMBER && Number.isSafeInteger(value)) return value
  const date = new Date(value)
  return kind === DATE && !Number.isNaN(date.getTime()) ? date : undefined
}

function scopeHash({ list, sort, filters }: PageScope): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([list, sort, ...filters]))
    .digest()
    .subarray(0, 8)
}
