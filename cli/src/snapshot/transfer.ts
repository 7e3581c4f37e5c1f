import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import type { ClientDuplexStream } from '@grpc/grpc-js'
import { ArchiveError } from '@lockstep/core/archive/archive.ts'
import { saveArchive, verifyArchive, type VerifiedArchive } from '@lockstep/core/archive/archive-file.ts'
import { Problem } from '../exit.ts'

const CHUNK_BYTES = 64 * 1024

/** Writes what a service streams. The file has its name only if the call ends with OK and the file is whole. */
export function receiveFile(
  path: string,
  messages: AsyncIterable<{ data: Buffer }>,
): Promise<VerifiedArchive> {
  async function* chunks() {
    for await (const { data } of messages) yield data
  }
  return explained(path, () => saveArchive(path, chunks()))
}

export function verifyFile(path: string): Promise<VerifiedArchive> {
  return explained(path, () => verifyArchive(path))
}

/** Sends a file at the pace of the service, and passes on its responses until it ends the call. */
export async function sendFile<Request, Response>(
  path: string,
  call: ClientDuplexStream<Request, Response>,
  requestOf: (data: Buffer) => Request,
  onResponse: (response: Response) => void,
): Promise<void> {
  const ended = new AbortController()
  async function send() {
    for await (const chunk of createReadStream(path, {
      highWaterMark: CHUNK_BYTES,
    }) as AsyncIterable<Buffer>) {
      if (ended.signal.aborted) return
      if (call.write(requestOf(chunk))) continue
      await once(call, 'drain', { signal: ended.signal }).catch(() => {})
    }
    call.end()
  }
  const sending = send().catch((error: unknown) => {
    call.cancel()
    throw error
  })
  try {
    for await (const response of call as AsyncIterable<Response>) onResponse(response)
  } finally {
    // A service that refuses the file ends the call before the last byte.
    ended.abort()
  }
  await sending
}

async function explained<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const ofFile = error instanceof ArchiveError || (typeof code === 'string' && /^E[A-Z]+$/.test(code))
    if (ofFile) throw new Problem(`${path}: ${message}`)
    throw error
  }
}
