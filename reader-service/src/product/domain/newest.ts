import type { ProjectedEvent } from './product.ts'

/** The newest event of each id; of two with the same version, the first. The order of ids is kept. */
export function newestPerId(events: readonly ProjectedEvent[]): ProjectedEvent[] {
  const newest = new Map<string, ProjectedEvent>()
  for (const event of events) {
    const known = newest.get(event.state.id)
    if (!known || event.state.version > known.state.version) newest.set(event.state.id, event)
  }
  return [...newest.values()]
}

/**
 * How many versions never arrived: for each id those between the version that the model held before the
 * batch (0 for none) and the newest of the batch that the batch does not contain.
 */
export function missingVersions(
  events: readonly ProjectedEvent[],
  held: ReadonlyMap<string, number>,
): number {
  const arrived = new Map<string, Set<number>>()
  for (const { state } of events) {
    if (state.version <= (held.get(state.id) ?? 0)) continue
    const versions = arrived.get(state.id)
    if (versions) versions.add(state.version)
    else arrived.set(state.id, new Set([state.version]))
  }
  let missing = 0
  for (const [id, versions] of arrived) {
    let newest = 0
    for (const version of versions) newest = Math.max(newest, version)
    missing += newest - (held.get(id) ?? 0) - versions.size
  }
  return missing
}
