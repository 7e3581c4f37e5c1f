import type { SourceEvent, SourceState } from '../read-model.ts'

/** The newest event of each id; of two with the same version, the first. The ids keep their order. */
export function newestPerId<S extends SourceState>(events: readonly SourceEvent<S>[]): SourceEvent<S>[] {
  const newest = new Map<string, SourceEvent<S>>()
  for (const event of events) {
    const known = newest.get(event.state.id)
    if (!known || event.state.version > known.state.version) newest.set(event.state.id, event)
  }
  return [...newest.values()]
}

/**
 * The number of versions that did not arrive: for each id, the versions between the stored one (0 for none) and the
 * newest of the batch that are not in the batch.
 */
export function missingVersions(events: readonly SourceEvent[], stored: ReadonlyMap<string, number>): number {
  const arrived = new Map<string, Set<number>>()
  for (const { state } of events) {
    if (state.version <= (stored.get(state.id) ?? 0)) continue
    const versions = arrived.get(state.id)
    if (versions) versions.add(state.version)
    else arrived.set(state.id, new Set([state.version]))
  }
  let missing = 0
  for (const [id, versions] of arrived) {
    let newest = 0
    for (const version of versions) newest = Math.max(newest, version)
    missing += newest - (stored.get(id) ?? 0) - versions.size
  }
  return missing
}
