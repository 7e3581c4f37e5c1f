import type { Collection } from 'mongodb'
import { writeDocuments } from '../projection/write-documents.ts'
import type { SlotStore } from './apply-contributions.ts'
import { slotOf, type Entry, type GroupTotals, type Slot } from './slots.ts'

/**
 * One document per slot. No query looks into its two JSON texts, and a text is one value for the codec of MongoDB: with
 * 400 entries as BSON values, the stand-in read and wrote such a document 30 times as slowly.
 */
export type SlotDocument = { _id: number; seq: number; at: Date; totals: string; entries: string }

export function mongoSlots(collection: Collection<SlotDocument>): SlotStore {
  return {
    async read(numbers) {
      return (await collection.find({ _id: { $in: [...numbers] } }).toArray()).map(slotIn)
    },
    async write(slots) {
      const { collided } = await writeDocuments(
        collection,
        slots.map((slot) =>
          slot.seq === 0
            ? { document: documentOf(slot) }
            : { document: documentOf(slot), filter: { _id: slot.number, seq: slot.seq } },
        ),
      )
      return new Set(slots.filter((_, index) => collided.has(index)).map(({ number }) => number))
    },
  }
}

function documentOf({ number, seq, at, totals, entries }: Slot): SlotDocument {
  return {
    _id: number,
    seq: seq + 1,
    at,
    totals: JSON.stringify(totals.map(({ group, count, sum, min, max }) => [group, count, sum, min, max])),
    entries: JSON.stringify(entries),
  }
}

/** The versions that it has of these ids, also of deleted ones. */
export async function versionsIn(
  collection: Collection<SlotDocument>,
  ids: readonly string[],
  limits: object = {},
): Promise<Map<string, number>> {
  const numbers = [...new Set(ids.map((id) => slotOf(id)))]
  const found = await collection.find({ _id: { $in: numbers } }, limits).toArray()
  const slots = new Map(found.map((document) => [document._id, slotIn(document)]))
  return new Map(
    ids.flatMap((id): [string, number][] => {
      const entry = slots.get(slotOf(id))?.entries[id]
      return entry ? [[id, entry[0]]] : []
    }),
  )
}

export function slotIn({ _id, seq, at, totals, entries }: SlotDocument): Slot {
  return {
    number: _id,
    seq,
    at,
    totals: totalsIn({ totals }),
    entries: JSON.parse(entries) as Record<string, Entry>,
  }
}

type StoredTotals = [group: string, count: number, sum: number, min: number, max: number]

export function totalsIn({ totals }: Pick<SlotDocument, 'totals'>): GroupTotals[] {
  const stored = JSON.parse(totals) as StoredTotals[]
  return stored.map(([group, count, sum, min, max]) => ({ group, count, sum, min, max }))
}
