import { AppError } from '@lockstep/core/errors/app-error.ts'
import { isTransient } from '@lockstep/core/postgres/errors.ts'

/** Throws the error of a statement that had no effect: as `unavailable` where it may succeed later. */
export function nothingDone(error: unknown): never {
  if (!isTransient(error)) throw error
  throw new AppError('unavailable', 'The database does not answer; nothing was done', { cause: error })
}
