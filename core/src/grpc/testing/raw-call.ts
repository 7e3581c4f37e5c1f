import {
  connect,
  type ClientHttp2Session,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'
import type { status } from '@grpc/grpc-js'

/** A gRPC call as its bytes on the wire, for what no client library would send. */

export type RawResponse = {
  httpStatus: number | undefined
  /** Undefined if the server has sent none. */
  status: status | undefined
  message: string
  /** The value of `x-error-code`. */
  code: string | undefined
  /** Headers and trailers. */
  headers: IncomingHttpHeaders
  body: Buffer
}

/** @param url `http://127.0.0.1:5002` */
export function rawSession(url: string): ClientHttp2Session & AsyncDisposable {
  const session = connect(url)
  session.on('error', () => {
    // Every stream of the session reports it too.
  })
  return Object.assign(session, { [Symbol.asyncDispose]: async () => session.destroy() })
}

/** Rejects if the stream ends with an error instead of a response. */
export function rawCall(
  session: ClientHttp2Session,
  path: string,
  body: Buffer,
  headers: OutgoingHttpHeaders = {},
): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    })
    const received: IncomingHttpHeaders = {}
    const chunks: Buffer[] = []
    stream.on('response', (head) => Object.assign(received, head))
    stream.on('trailers', (trailers) => Object.assign(received, trailers))
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', reject)
    stream.on('close', () => {
      const { ':status': httpStatus, 'grpc-status': ended, 'grpc-message': message } = received
      if (httpStatus === undefined) return reject(new Error(`reset with ${stream.rstCode}`))
      resolve({
        httpStatus: Number(httpStatus),
        status: ended === undefined ? undefined : Number(ended),
        message: decodeURI(String(message ?? '')),
        code: received['x-error-code']?.toString(),
        headers: received,
        body: Buffer.concat(chunks),
      })
    })
    // Node ends the request itself for GET and DELETE.
    if (!stream.writableEnded) stream.end(body)
  })
}

/** A message as it travels: a flag, its length in 4 bytes, and its bytes. */
export function framed(message: Uint8Array, { flag = 0 } = {}): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt8(flag)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}
