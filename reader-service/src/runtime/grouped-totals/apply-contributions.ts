import { contribute, emptySlot, slotOf, type Contribution, type Slot } from './slots.ts'

/** The store of the slots. What it throws is transient: the write may have taken effect. */
export type SlotStore = {
  /** Those that exist. */
  read: (numbers: readonly number[]) => Promise<Slot[]>
  /**
   * Writes each slot if its stored `seq` is still the one that was read, 0 for a slot that does not exist, and adds one
   * to it. Returns the numbers of those that lost against another write.
   */
  write: (slots: readonly Slot[]) => Promise<ReadonlySet<number>>
}

/**
 * Applies the newest contribution of each id: reads the slots, and writes those that change. A slot that another process
 * changed in between is read again. Returns each applied id with the version that it replaced.
 *
 * It is exact because one write of one document changes everything that depends on an id: its version, its group and the
 * totals. So it can be repeated, and a late writer either finds the newer version or loses the write (ADR 17).
 */
export async function applyContributions(
  store: SlotStore,
  contributions: readonly Contribution[],
  slots?: number,
): Promise<Map<string, number>> {
  const applied = new Map<string, number>()
  for (let left = contributions; left.length > 0;) {
    const bySlot = Map.groupBy(left, ({ id }) => slotOf(id, slots))
    const stored = new Map((await store.read([...bySlot.keys()])).map((slot) => [slot.number, slot]))
    const changes = [...bySlot].map(([number, of]) => {
      const slot = stored.get(number) ?? emptySlot(number)
      return { slot, of, replaced: contribute(slot, of) }
    })
    const changed = changes.filter(({ replaced }) => replaced.size > 0)
    if (changed.length === 0) break
    const lost = await store.write(changed.map(({ slot }) => slot))
    for (const { slot, replaced } of changed) {
      if (!lost.has(slot.number)) for (const [id, version] of replaced) applied.set(id, version)
    }
    left = changed.flatMap(({ slot, of }) => (lost.has(slot.number) ? of : []))
  }
  return applied
}
