import type { SourceState, StoredEntry } from '../read-model.ts'
import type { AuditedPorts } from './audit-run.ts'
import { mayCatchUp, type AuditedStoreName, type Difference } from './mismatches.ts'

export type FoundMismatch = {
  id: string
  store: AuditedStoreName
  difference: Difference
  actual: StoredEntry | undefined
  expected: SourceState | undefined
}

/**
 * Repairs the read model and then removes the cache entry: a query that read the read model before the repair has lost
 * its lease by then. Returns false if the read model has changed since it was compared.
 */
export async function repairEntry(ports: AuditedPorts, found: FoundMismatch): Promise<boolean> {
  const repaired = found.store === 'cache' || (await repairStore(ports, found))
  await ports.cache.remove(found.id)
  return repaired
}

async function repairStore(
  { store, writer }: AuditedPorts,
  { id, difference, actual, expected }: FoundMismatch,
): Promise<boolean> {
  if (expected && mayCatchUp(difference)) return store.advance(expected)
  const readVersion = actual?.version ?? 0
  const repaired = await (expected ? store.replace(readVersion, expected) : store.remove(id, readVersion))
  if (!repaired) return false
  // The wrong version superseded the events that arrived before the repair: the writer has their state.
  const current = (await writer.find([id])).get(id)
  // Changes nothing if the projection was faster.
  if (current?.state) await store.advance(current.state)
  return true
}
