import { once } from 'node:events'
import type { ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js'
import { abortOf } from '../async/abort-of.ts'
import { AppError } from '../errors/app-error.ts'

/** The two directions of a stream, at the pace of the slower side. Both end when the caller leaves or the service stops. */

/**
 * Sends one message of a stream; resolves when there is room for the next one, so that a slow caller slows the work
 * down. Rejects if the caller has disconnected, which ends the work.
 */
export type Send<Response> = (message: Response) => Promise<void>

export class CallerDisconnected extends Error {
  override readonly name = 'CallerDisconnected'
  override readonly message = 'The caller has disconnected'
}

type Writable<Response> = Pick<ServerWritableStream<unknown, Response>, 'write' | 'cancelled'> &
  NodeJS.EventEmitter

export function sendTo<Response>(
  call: Writable<Response>,
  draining: AbortSignal | undefined,
): Send<Response> {
  return async (message) => {
    if (draining?.aborted) throw stopsNow()
    if (call.cancelled) throw new CallerDisconnected()
    if (call.write(message)) return
    const waited = new AbortController()
    try {
      await Promise.race([
        once(call, 'drain', { signal: waited.signal }),
        once(call, 'cancelled', { signal: waited.signal }),
        ...(draining ? [once(draining, 'abort', { signal: waited.signal })] : []),
      ])
    } finally {
      waited.abort()
    }
  }
}

/**
 * The messages of the caller, until it has sent the last one. Throws if the service stops. A caller that disconnects, or
 * that sends half a message at the end, may look like one that has sent its last message (HTTP/2 reports the end first,
 * and grpc-js 1.14 drops the half): the content must show that it is whole.
 */
export async function* requestsOf<Request>(
  call: ServerDuplexStream<Request, unknown>,
  draining: AbortSignal | undefined,
  readable: (request: Request) => Request,
): AsyncGenerator<Request> {
  // The responses follow after the last message: the end of the iteration must not close the call.
  const messages = call.iterator({ destroyOnReturn: false }) as AsyncIterator<Request>
  for (;;) {
    const next = await untilStop(() => messages.next(), draining).catch((error: unknown) => {
      throw call.cancelled ? new CallerDisconnected() : error
    })
    if (call.cancelled) throw new CallerDisconnected()
    if (next.done) return
    yield readable(next.value)
  }
}

/**
 * Rejects if the service stops first. One promise for the stop of all messages would keep each of them: `Promise.race`
 * leaves a reaction at the promises that lose.
 */
async function untilStop<T>(work: () => Promise<T>, draining: AbortSignal | undefined): Promise<T> {
  if (!draining) return work()
  if (draining.aborted) throw stopsNow()
  using stopped = abortOf(draining)
  return await Promise.race([work(), stopped.promise.then(() => Promise.reject(stopsNow()))])
}

function stopsNow(): AppError {
  return new AppError('unavailable', 'The service stops; request the rest again')
}
