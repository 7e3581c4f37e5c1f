import { UsageError } from './parse-arguments.ts'
import type { Slice } from './slice.ts'

type Names = Pick<Slice, 'name' | 'collection'>

/** Throws a UsageError if an existing aggregate has the name or the collection. */
export function refuseConflicts(
  { name, collection }: Names,
  existing: readonly { type: string; collection: string }[],
): void {
  for (const aggregate of existing) {
    if (aggregate.type === name)
      throw new UsageError(
        `nothing was written: there is an aggregate ${name}\nchoose another name, or remove that aggregate first: see "Undo" in docs/add-your-own-aggregate.md`,
      )
    if (aggregate.collection === collection) {
      throw new UsageError(
        `nothing was written: the aggregate ${aggregate.type} has the collection ${collection}\nchoose another collection with --collection, or another name`,
      )
    }
  }
}

/** The list of the writer. It loads only if the code of each contract is generated. */
export async function existingAggregates(): Promise<readonly { type: string; collection: string }[]> {
  try {
    return (await import('@lockstep/writer-service/aggregates.ts')).aggregates
  } catch (error) {
    throw new UsageError(
      `nothing was written: writer-service/src/aggregates.ts does not load\nrun pnpm generate, which generates the code of the contracts, and repeat the command\n\n${String(error)}`,
      { cause: error },
    )
  }
}
