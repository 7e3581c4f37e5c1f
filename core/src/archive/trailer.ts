import { crc32 } from 'node:zlib'

/** gzip: deflate, no name, no time, unknown system. */
const gzipHeader = Buffer.from('1f8b08000000000000ff', 'hex')
const COUNT_WIDTH = 16

/** The end of an archive, as a gzip member that is stored without compression: equal arguments give equal bytes. */
export function trailerOf(count: number, sha256: string): Buffer {
  const json = JSON.stringify({ count, sha256 })
  const text = Buffer.from(`${json.padEnd(json.length - String(count).length + COUNT_WIDTH)}\n`)
  // One final stored block of deflate: the flag, the length, and its complement.
  const block = Buffer.alloc(5)
  block[0] = 1
  block.writeUInt16LE(text.length, 1)
  block.writeUInt16LE(~text.length & 0xffff, 3)
  const end = Buffer.alloc(8)
  end.writeUInt32LE(crc32(text), 0)
  end.writeUInt32LE(text.length, 4)
  return Buffer.concat([gzipHeader, block, text, end])
}

export const TRAILER_BYTES = trailerOf(0, '0'.repeat(64)).length
