import { AppError } from '../errors/app-error.ts'
import { isTransient } from './errors.ts'

/** Throws the error of a statement that is safe to repeat: as `unavailable` if it may succeed later. */
export function rethrowUnavailable(error: unknown): never {
  if (!isTransient(error)) throw error
  throw new AppError('unavailable', 'The database does not respond; try again later', { cause: error })
}
