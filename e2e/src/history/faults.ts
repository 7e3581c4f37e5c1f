import type { Attempt } from '../clients/send-command.ts'

/** An event of the store, in its shape for comparisons. */
export type Event = {
  id: string
  version: number
  eventId: string
  payload: Buffer
  change: 'created' | 'updated' | 'deleted'
  /** The name after the event, by which its command is known; undefined for a deletion. */
  mark: string | undefined
}

/** The events of each product in the order of their versions. */
export type History = ReadonlyMap<string, readonly Event[]>

/** Versions count from 1 without a hole; creation first, nothing behind a deletion. */
export function faultsOfStore(history: History): string[] {
  return [...history].flatMap(([id, events]) =>
    events.flatMap(({ version, change }, index) => {
      const faults: string[] = []
      if (version !== index + 1) faults.push(`${id}: version ${version} is number ${index + 1} in the store`)
      if ((change === 'created') !== (index === 0)) faults.push(`${id}: version ${version} is ${change}`)
      if (change === 'deleted' && index < events.length - 1) faults.push(`${id}: goes on behind its deletion`)
      return faults
    }),
  )
}

/** Acknowledged means in the store, once; "nothing was done" means not in the store. */
export function faultsOfAnswers(attempts: readonly Attempt[], history: History): string[] {
  const faults: string[] = []
  const events = [...history.values()].flat()
  const byMark = Map.groupBy(events, ({ mark }) => mark)
  for (const [mark, same] of byMark) {
    if (mark !== undefined && same.length > 1)
      faults.push(`${same[0]?.id}: ${mark} took effect ${same.length} times`)
  }
  for (const { type, id, mark, outcome } of attempts) {
    if (outcome.type === 'acknowledged') {
      const event = history.get(id)?.[outcome.version - 1]
      const right = type === 'delete' ? event?.change === 'deleted' : event?.mark === mark
      if (!right)
        faults.push(`${id}: the ${type} acknowledged as version ${outcome.version} is not in the store`)
    }
    if (outcome.type === 'nothing_done' && byMark.has(mark)) {
      faults.push(`${id}: the ${type} refused with ${outcome.code} is in the store`)
    }
  }
  const known = new Set(attempts.map(({ mark }) => mark))
  for (const { id, version, mark } of events) {
    if (mark !== undefined && !known.has(mark)) faults.push(`${id}: nobody asked for version ${version}`)
  }
  return faults
}

export type TopicRecord = { id: string; version: number; payload: Buffer }

/** The first occurrences of a product's versions come in order without a hole; repeats have the same bytes. */
export function faultsOfTopic(records: readonly TopicRecord[], history: History): string[] {
  const faults: string[] = []
  const highest = new Map<string, number>()
  for (const { id, version, payload } of records) {
    const before = highest.get(id) ?? 0
    if (version > before + 1) faults.push(`${id}: version ${version} follows version ${before} in the topic`)
    highest.set(id, Math.max(before, version))
    const stored = history.get(id)?.[version - 1]
    if (!stored?.payload.equals(payload))
      faults.push(`${id}: version ${version} in the topic is not the stored one`)
  }
  for (const [id, events] of history) {
    const missing = events.length - (highest.get(id) ?? 0)
    if (missing > 0) faults.push(`${id}: the last ${missing} versions are not in the topic`)
  }
  return faults
}

export type ModelEntry = { id: string; version: number; deleted: boolean; name: string | undefined }

/** The read model is what its events make, folded. */
export function faultsOfModel(entries: readonly ModelEntry[], history: History): string[] {
  const found = new Map(entries.map((entry) => [entry.id, entry]))
  return [...history].flatMap(([id, events]) => {
    const last = events.at(-1)
    const entry = found.get(id)
    if (!last) return []
    const right =
      entry?.version === last.version &&
      entry.deleted === (last.change === 'deleted') &&
      entry.name === last.mark
    return right ? [] : [`${id}: the model has ${JSON.stringify(entry)}, the store ends with ${last.version}`]
  })
}
