import { createHash } from 'node:crypto'

/** The last item of a page: the next page starts behind it in the order (createdAt desc, id asc). */
export type PagePosition = { readonly createdAt: Date; readonly id: string }

/** What a token was made for; with anything else it is garbage. */
export type PageScope = { readonly search: string; readonly category: string }

// 1 byte format, 8 bytes createdAt in ms, 16 bytes id, 8 bytes hash of the scope.
const FORMAT = 1
const LENGTH = 33

/** An opaque base64url text; the id must be a UUID. */
export function encodePageToken(position: PagePosition, scope: PageScope): string {
  const bytes = Buffer.alloc(LENGTH)
  bytes.writeUInt8(FORMAT, 0)
  bytes.writeBigInt64BE(BigInt(position.createdAt.getTime()), 1)
  bytes.write(position.id.replaceAll('-', ''), 9, 'hex')
  scopeHash(scope).copy(bytes, 25)
  return bytes.toString('base64url')
}

/** Undefined for anything that `encodePageToken` did not make for this very scope. */
export function decodePageToken(token: string, scope: PageScope): PagePosition | undefined {
  const bytes = Buffer.from(token, 'base64url')
  // Buffer.from skips what is not base64url: only the one spelling of a token is accepted.
  if (bytes.length !== LENGTH || bytes.toString('base64url') !== token) return undefined
  if (bytes.readUInt8(0) !== FORMAT || !bytes.subarray(25).equals(scopeHash(scope))) return undefined
  const createdAt = new Date(Number(bytes.readBigInt64BE(1)))
  if (Number.isNaN(createdAt.getTime())) return undefined
  const id = bytes.toString('hex', 9, 25).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  return { createdAt, id }
}

function scopeHash({ search, category }: PageScope): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([search, category]))
    .digest()
    .subarray(0, 8)
}
