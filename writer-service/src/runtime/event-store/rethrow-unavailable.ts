import { AppError } from '@lockstep/core/errors/app-error.ts'
import { isTransient } from '@lockstep/core/postgres/errors.ts'

/** Throws the error of a statement that had no effect: as `unavailable` if it may succeed later. */
export function rethrowUnavailable(error: unknown): never {
  if (!isTransient(error)) throw error
  throw new AppError('unavailable', 'The database does not respond; nothing was done', { cause: error })
}
