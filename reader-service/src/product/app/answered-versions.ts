/** The highest version that this process has answered for each of the ids it answered last. */
export type AnsweredVersions = {
  /** 0 for an id that is not remembered. */
  highest: (id: string) => number
  remember: (id: string, version: number) => void
}

/** Forgets the ids that were not answered for longest when there are more than `capacity`. */
export function answeredVersions(capacity: number): AnsweredVersions {
  // A Map iterates in the order of insertion: what is answered is inserted anew.
  const versions = new Map<string, number>()
  return {
    highest: (id) => versions.get(id) ?? 0,
    remember(id, version) {
      const known = versions.get(id) ?? 0
      versions.delete(id)
      versions.set(id, Math.max(known, version))
      if (versions.size > capacity) versions.delete(versions.keys().next().value!)
    },
  }
}
