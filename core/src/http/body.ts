import { AppError } from '../errors/app-error.ts'

/** The largest request, over HTTP and over gRPC. */
export const MAX_REQUEST_BYTES = 256 * 1024

const utf8 = new TextDecoder('utf-8', { fatal: true })

const mediaTypePattern = /^\s*([^\s;]+)\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i

/**
 * The JSON value in the body of a request.
 *
 * Throws `unsupported_media_type` unless the content type is one of `mediaTypes` (in UTF-8),
 * `too_large` over `maxBytes`, and `malformed` if the body ends early or is not JSON in valid UTF-8.
 */
export async function readJson(
  request: Request,
  options: { mediaTypes: readonly string[]; maxBytes: number },
): Promise<unknown> {
  const contentType = request.headers.get('content-type') ?? ''
  const mediaType = mediaTypePattern.exec(contentType)?.[1]?.toLowerCase()
  if (mediaType === undefined || !options.mediaTypes.includes(mediaType)) {
    const expected = options.mediaTypes.join(' or ')
    throw new AppError('unsupported_media_type', `Send the body as ${expected} in UTF-8`)
  }
  const bytes = await readBytes(request, options.maxBytes)
  try {
    return JSON.parse(utf8.decode(bytes)) as unknown
  } catch (error) {
    throw new AppError('malformed', `The body is not JSON: ${(error as Error).message}`, { cause: error })
  }
}

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array | ArrayBuffer> {
  const announced = request.headers.get('content-length')
  if (Number(announced ?? 0) > maxBytes) throw tooLarge(maxBytes)
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    // The HTTP parser ends such a body at its length. A stream of chunks would cost more than the rest of the request.
    if (announced !== null) return await request.arrayBuffer()
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
