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

/** At 60 KB each, they and their texts take some tens of MB, and the event loop is free again after a tenth of a second. */
const SLOTS_AT_ONCE = 256

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
  const left = [...Map.groupBy(contributions, ({ id }) => slotOf(id, slots))]
  while (left.length > 0) {
    const some = left.splice(0, SLOTS_AT_ONCE)
    const stored = new Map(
      (await store.read(some.map(([number]) => number))).map((slot) => [slot.number, slot]),
    )
    const changes = some.map(([number, of]) => {
      const slot = stored.get(number) ?? emptySlot(number)
      return { slot, of, replaced: contribute(slot, of) }
    })
    const changed = changes.filter(({ replaced }) => replaced.size > 0)
    if (changed.length === 0) continue
    const lost = await store.write(changed.map(({ slot }) => slot))
    for (const { slot, of, replaced } of changed) {
      if (lost.has(slot.number)) left.push([slot.number, of])
      else for (const [id, version] of replaced) applied.set(id, version)
    }
  }
  return applied
}
