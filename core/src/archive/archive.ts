import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { createGunzip, createGzip } from 'node:zlib'
import { trailerOf, TRAILER_BYTES } from './trailer.ts'

/*
 * The container of snapshots and exports: gzip of lines of JSON, which `zcat` shows.
 *
 *   {"format":"lockstep","formatVersion":1,...}      the header
 *   {...}                                            any number of entries
 *   {"count":2,"sha256":"..."}                       the trailer
 *
 * The trailer is a gzip member of its own. It has a fixed length and no compression, and its digest covers all bytes
 * before it. So a reader computes the trailer that must follow and compares it: every altered byte is found, also one
 * that gzip itself ignores, and so is every truncation.
 *
 * Both directions are streams: the memory in use does not depend on the number of entries.
 */

const FORMAT = 'lockstep'
const FORMAT_VERSION = 1

/** Lines are collected up to this size before they are compressed: each call of zlib is a task of a thread. */
const PIECE_CHARACTERS = 64 * 1024
const CHUNK_BYTES = 64 * 1024
/** A document of MongoDB has at most 16 MB; as text it can be longer. */
const MAX_LINE_BYTES = 64 * 1024 * 1024

/** The file cannot be used; the message says why. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError'
}

export type ArchiveHeader = Readonly<Record<string, unknown>>

/**
 * The bytes of an archive, in chunks of at most 64 KB.
 *
 * @param entries one JSON text each, without line breaks. An error that it throws ends the archive without a trailer.
 */
export async function* writeArchive(
  header: ArchiveHeader,
  entries: AsyncIterable<string>,
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  let count = 0
  async function* pieces() {
    let piece = `${JSON.stringify({ format: FORMAT, formatVersion: FORMAT_VERSION, ...header })}\n`
    for await (const entry of entries) {
      count++
      piece += `${entry}\n`
      if (piece.length < PIECE_CHARACTERS) continue
      yield piece
      piece = ''
    }
    yield piece
  }
  for await (const chunk of through(pieces(), createGzip({ chunkSize: CHUNK_BYTES }))) {
    hash.update(chunk)
    yield chunk
  }
  yield trailerOf(count, hash.digest('hex'))
}

/** Dispose of it if its entries are not read to the end. */
export type OpenArchive = AsyncDisposable & {
  header: ArchiveHeader
  /** Throws an ArchiveError at the end if the file is not complete and unaltered: only then the entries are valid. */
  entries: AsyncGenerator<string, { count: number }>
}

/** Reads the header. Rejects with an ArchiveError if the bytes do not begin with one of this format version. */
export async function openArchive(bytes: AsyncIterable<Uint8Array>): Promise<OpenArchive> {
  const entries = readLines(bytes)
  const close = () => entries[Symbol.asyncDispose]()
  try {
    const first = await entries.next()
    if (first.done) throw new ArchiveError('The file has no header: it is not a snapshot or an export')
    return { header: parseHeader(first.value), entries, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

function parseHeader(line: string): ArchiveHeader {
  let header: Partial<Record<'format' | 'formatVersion', unknown>> | null
  try {
    header = JSON.parse(line) as typeof header
  } catch {
    header = null
  }
  if (header?.format !== FORMAT) throw new ArchiveError('The file is not a snapshot or an export of Lockstep')
  if (header.formatVersion !== FORMAT_VERSION) {
    throw new ArchiveError(
      `The file has format version ${JSON.stringify(header.formatVersion)}, and this release reads version ${FORMAT_VERSION} only; use the release that saved it`,
    )
  }
  return header
}

async function* readLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string, { count: number }> {
  const hash = createHash('sha256')
  let tail: Buffer = Buffer.alloc(0)
  async function* withoutTrailer() {
    for await (const chunk of bytes) {
      tail = Buffer.concat([tail, chunk])
      if (tail.length <= TRAILER_BYTES) continue
      const body = tail.subarray(0, tail.length - TRAILER_BYTES)
      tail = tail.subarray(body.length)
      hash.update(body)
      yield body
    }
  }
  let lines = 0
  for await (const line of splitLines(gunzipped(withoutTrailer()))) {
    lines++
    yield line
  }
  const count = lines - 1
  if (!tail.equals(trailerOf(Math.max(0, count), hash.digest('hex')))) {
    throw damaged('its checksum does not match')
  }
  return { count }
}

async function* gunzipped(compressed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES })
  try {
    yield* through(compressed, gunzip)
  } catch (error) {
    if (!(error as NodeJS.ErrnoException).code?.startsWith('Z_')) throw error
    throw damaged((error as Error).message)
  }
}

function damaged(reason: string): ArchiveError {
  return new ArchiveError(`The file is truncated or was altered; use another one (${reason})`)
}

async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let parts: Buffer[] = []
  let length = 0
  for await (const chunk of chunks) {
    let from = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      parts.push(chunk.subarray(from, end))
      yield Buffer.concat(parts).toString('utf8')
      parts = []
      length = 0
      from = end + 1
    }
    if (from === chunk.length) continue
    parts.push(chunk.subarray(from))
    length += chunk.length - from
    if (length > MAX_LINE_BYTES) throw new ArchiveError('The file has a line that is too long')
  }
  if (length > 0) throw damaged('its last line is not complete')
}

/** What `transform` makes of the source. The consumer sets the pace, and an error of the source reaches it. */
async function* through(
  source: AsyncIterable<string | Buffer>,
  transform: ReturnType<typeof createGzip>,
): AsyncGenerator<Buffer> {
  const input = Readable.from(source, { highWaterMark: 1 })
  input.on('error', (error) => transform.destroy(error))
  input.pipe(transform)
  try {
    yield* transform as AsyncIterable<Buffer>
  } finally {
    transform.destroy()
    // Without waiting for it: the source may wait for a caller that sends nothing.
    input.destroy()
  }
}
