/** The highest version that this replica has returned for each of the ids that it returned last. */
export type ServedVersions = {
  /** 0 for an unknown id. */
  highest: (id: string) => number
  /** The number of times that the versions were cleared. A query takes it before it reads the read model. */
  epoch: () => number
  /** Ignores a version that was read before the versions were cleared: it may be one that a repair has removed. */
  add: (id: string, version: number, epoch: number) => void
  clear: () => void
}

/** Keeps `capacity` ids; removes the ones that were not returned for the longest time. */
export function servedVersions(capacity: number): ServedVersions {
  // A Map iterates in the order of insertion, so an id that is returned again is inserted again.
  const versions = new Map<string, number>()
  const highest = (id: string) => versions.get(id) ?? 0
  let current = 0
  return {
    highest,
    epoch: () => current,
    add(id, version, epoch) {
      if (epoch !== current) return
      const known = highest(id)
      versions.delete(id)
      versions.set(id, Math.max(known, version))
      if (versions.size > capacity) versions.delete(versions.keys().next().value!)
    },
    clear() {
      versions.clear()
      current++
    },
  }
}
