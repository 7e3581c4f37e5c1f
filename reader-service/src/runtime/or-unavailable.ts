import { AppError } from '@lockstep/core/errors/app-error.ts'

/** Rejects with `unavailable` if the work fails; for operators, so the text includes the reason. */
export async function orUnavailable<T>(problem: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new AppError('unavailable', `${problem}: ${(error as Error).message}`, { cause: error })
  }
}

/** For the store of a read model. */
export function fromReadModel<T>(work: () => Promise<T>): Promise<T> {
  return orUnavailable('The read model cannot be reached', work)
}
