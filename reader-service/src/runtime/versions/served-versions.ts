/** The highest version that this replica has returned for each of the ids that it returned last. */
export type ServedVersions = {
  /** 0 for an unknown id. */
  highest: (id: string) => number
  add: (id: string, version: number) => void
  clear: () => void
}

/** Keeps `capacity` ids; removes the ones that were not returned for the longest time. */
export function servedVersions(capacity: number): ServedVersions {
  // A Map iterates in the order of insertion, so an id that is returned again is inserted again.
  const versions = new Map<string, number>()
  const highest = (id: string) => versions.get(id) ?? 0
  return {
    highest,
    add(id, version) {
      const known = highest(id)
      versions.delete(id)
      versions.set(id, Math.max(known, version))
      if (versions.size > capacity) versions.delete(versions.keys().next().value!)
    },
    clear: () => versions.clear(),
  }
}
