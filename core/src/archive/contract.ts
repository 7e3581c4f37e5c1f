import { createHash } from 'node:crypto'
import { AppError, type Refusal } from '../errors/app-error.ts'
import { ArchiveError, type ArchiveHeader } from './archive.ts'

/** A file that is whole, but cannot be used here. */
const doesNotFit: Refusal = {
  kind: 'precondition',
  code: 'file_does_not_fit',
  title: 'The file cannot be used here',
}

export function refused(detail: string): AppError {
  return new AppError(doesNotFit, detail)
}

/** For callers: a file that is damaged, or is another file, is bad input. */
export async function orMalformed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ArchiveError) throw new AppError('malformed', error.message, { cause: error })
    throw error
  }
}

/** In the header: the hash compares two releases, and the fields say in what they differ. */
export function contractHeader(fields: readonly string[]) {
  return { hash: createHash('sha256').update(fields.join('\n')).digest('hex'), fields }
}

/** Refuses a file whose events have a field that this release does not know: it would be lost. */
export function checkContract(header: ArchiveHeader, known: readonly string[]): void {
  const contract = header.contract as Partial<ReturnType<typeof contractHeader>> | undefined
  if (contract?.hash === contractHeader(known).hash) return
  if (!Array.isArray(contract?.fields)) throw new ArchiveError('The header of the file has no contract')
  const unknown = contract.fields.find((field) => !known.includes(field))
  if (unknown === undefined) return
  throw refused(
    `The file is from a newer contract: this release does not know ${unknown}; use the release that saved it`,
  )
}
