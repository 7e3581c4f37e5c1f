import type { Context } from 'hono'
import { AppError, type FieldViolation } from '../errors/app-error.ts'
import { inexactFields } from './exact-json.ts'
import { HttpError } from './reply.ts'
import { headersOf } from './request-head.ts'

/** The largest request, over HTTP and over gRPC. */
export const MAX_REQUEST_BYTES = 256 * 1024

const utf8 = new TextDecoder('utf-8', { fatal: true })

export type JsonBody = {
  value: unknown
  /** The fields whose value differs from the text: `invalid`, together with what the route itself finds. */
  violations: readonly FieldViolation[]
}

/**
 * The JSON value in the body of a request.
 *
 * Throws `unsupported_media_type` unless the content type is one of `mediaTypes` (in UTF-8),
 * `too_large` over `maxBytes`, and `malformed` if the body ends early or is not JSON in valid UTF-8.
 */
export async function readJson(
  c: Context,
  options: { mediaTypes: readonly string[]; maxBytes: number },
): Promise<JsonBody> {
  const headers = headersOf(c)
  checkMediaType(headers['content-type'] ?? '', options.mediaTypes, c.req.method)
  const bytes = await readBytes(c.req.raw, headers['content-length'], options.maxBytes)
  let text: string
  let value: unknown
  try {
    text = utf8.decode(bytes)
    value = JSON.parse(text) as unknown
  } catch (error) {
    throw new AppError('malformed', `The body is not JSON: ${(error as Error).message}`, { cause: error })
  }
  return { value, violations: inexactFields(text, value) }
}

function checkMediaType(contentType: string, mediaTypes: readonly string[], method: string): void {
  if (mediaTypes.includes(contentType)) return
  const [mediaType = ''] = contentType.split(';', 1)
  if (mediaTypes.includes(mediaType.trim().toLowerCase()) && isUtf8(contentType)) return
  const accept = mediaTypes.join(', ')
  throw new HttpError(
    'unsupported_media_type',
    `Send the body as ${mediaTypes.join(' or ')} in UTF-8`,
    // RFC 5789, 2.2, and RFC 9110, 15.5.16.
    method === 'PATCH' ? { 'accept-patch': accept, accept } : { accept },
  )
}

const parameter = /;\s*([^\s;=]*)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^;]*))?/g

/** Parameters other than the charset have no meaning for JSON (RFC 8259, section 11) and are ignored. */
function isUtf8(contentType: string): boolean {
  for (const [, name = '', value = ''] of contentType.matchAll(parameter)) {
    if (name.toLowerCase() === 'charset' && !/^\s*("?)utf-?8\1\s*$/i.test(value)) return false
  }
  return true
}

async function readBytes(
  request: Request,
  announced: string | undefined,
  maxBytes: number,
): Promise<Uint8Array | ArrayBuffer> {
  if (Number(announced ?? 0) > maxBytes) throw tooLarge(maxBytes)
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    // The HTTP parser ends such a body at its length. A stream of chunks would cost more than the rest of the request.
    if (announced !== undefined) return await request.arrayBuffer()
    for await (const chunk of request.body ?? []) {
      length += chunk.byteLength
      if (length > maxBytes) throw tooLarge(maxBytes)
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError('malformed', 'The body ended before it was complete', { cause: error })
  }
  return Buffer.concat(chunks, length)
}

function tooLarge(maxBytes: number): AppError {
  return new AppError('too_large', `The body is larger than ${maxBytes} bytes`)
}
