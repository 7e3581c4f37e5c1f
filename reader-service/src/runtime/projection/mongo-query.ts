import { AppError } from '@lockstep/core/errors/app-error.ts'
import { MongoServerError } from 'mongodb'

/** The server stops a query after `timeoutMs`; the client gives up this much later, if the server does not respond. */
const CLIENT_GRACE_MS = 250

/** MaxTimeMSExpired */
const TIME_LIMIT_PASSED = 50

/** The options of a query that takes at most `timeoutMs`, and ends at the caller's deadline. */
export function queryLimits(timeoutMs: number, deadline = Infinity) {
  const leftMs = Math.min(timeoutMs, Math.max(1, deadline - Date.now()))
  return { maxTimeMS: leftMs, signal: AbortSignal.timeout(leftMs + CLIENT_GRACE_MS) }
}

/** Rejects with the query's own AppError, with `deadline_exceeded` if it takes too long, and otherwise with `unavailable`. */
export async function asAppErrors<T>(query: () => Promise<T>): Promise<T> {
  try {
    return await query()
  } catch (error) {
    if (error instanceof AppError) throw error
    if (error instanceof MongoServerError && error.code === TIME_LIMIT_PASSED) {
      throw new AppError('deadline_exceeded', 'The query took too long', { cause: error })
    }
    throw new AppError('unavailable', 'The read model cannot be reached', { cause: error })
  }
}
