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
  if (!expected) {
    if (!(await store.remove(id, actual?.version ?? 0))) return false
    // The orphan superseded the events of an aggregate that was created with this id in the meantime.
    const created = (await writer.find([id])).get(id)
    return created?.state ? store.advance(created.state) : true
  }
  return mayCatchUp(difference) ? store.advance(expected) : store.replace(actual?.version ?? 0, expected)
}
