import type { Found } from './mismatches.ts'
import type { AuditedCache, AuditedModel, WriterStates } from '../rebuild/writer-states.ts'

/** Whether it is mended; not when it is no longer as it was seen. */
export type Repair = (found: Found) => Promise<boolean>

/** The model first and the entry after it: whoever fills the cache meanwhile has lost its lease by then. */
export function repairOf(ports: { model: AuditedModel; cache: AuditedCache; writer: WriterStates }): Repair {
  const { model, cache, writer } = ports

  async function repairModel({ id, drift, seen, truth }: Found): Promise<boolean> {
    if (!truth) {
      if (!(await model.remove(id, seen?.version ?? 0))) return false
      // A product with this id that was created meanwhile was refused as long as the ghost was there.
      const created = (await writer.find([id])).get(id)
      return created ? model.advance(created.state) : true
    }
    if (drift.kind === 'missing' || drift.kind === 'behind') return model.advance(truth)
    return model.replace(seen?.version ?? 0, truth)
  }

  return async (found) => {
    const repaired = found.place === 'cache' || (await repairModel(found))
    await cache.drop(found.id)
    return repaired
  }
}
