import type { EventStore } from '../evidence/evidence.ts'
import type { Attempt } from '../evidence/history.ts'
import { violation, type Violation } from './violation.ts'

/** Refusals by the domain are the answer to a key for ever; what could not be tried may be tried again. */
const lasting = new Set(['not_found', 'already_exists', 'version_conflict', 'idempotency_mismatch'])

/**
 * D: a command takes effect once however often it is repeated, with the same answer each time; not at all when its
 * caller was told that nothing was done; and nothing takes effect that nobody asked for.
 */
export function duplicates(commands: readonly Attempt[], store: EventStore): Violation[] {
  const attempts = Map.groupBy(commands, ({ mark }) => mark)
  const effects = Map.groupBy(
    [...store.values()].flat().filter(({ mark }) => mark !== undefined),
    ({ mark }) => mark as string,
  )
  return [
    ...[...effects].flatMap(([mark, events]) => {
      const { id } = events[0]!
      if (!attempts.has(mark)) return [violation('D', id, `nobody asked for version ${events[0]!.version}`)]
      if (events.length === 1) return []
      const places = events.map((event) => `${event.id} ${event.version}`).join(', ')
      return [violation('D', id, `${mark} took effect ${events.length} times: ${places}`)]
    }),
    ...[...attempts].flatMap(([mark, same]) => contradictions(same, effects.has(mark))),
    ...deletions(commands, store),
  ]
}

function contradictions(same: readonly Attempt[], tookEffect: boolean): Violation[] {
  const { id = '(new)', type, mark } = same[0]!
  const refused = same.find(({ outcome }) => outcome.type === 'nothing_done')
  if (refused && tookEffect && same.every(({ outcome }) => outcome.type === 'nothing_done')) {
    const { code } = refused.outcome as { code: string }
    return [violation('D', id, `the ${type} ${mark} refused with ${code} is in the store`)]
  }
  if (same[0]!.idempotencyKey === undefined) return []
  const answers = new Set(
    same.flatMap(({ outcome }) => {
      if (outcome.type === 'acknowledged') return [`${outcome.id} version ${outcome.version}`]
      return outcome.type === 'nothing_done' && lasting.has(outcome.code) ? [outcome.code] : []
    }),
  )
  if (answers.size <= 1) return []
  return [violation('D', id, `the key ${mark} was answered differently: ${[...answers].join('; ')}`)]
}

/** An event of a deletion has no mark: it needs somebody who asked, and one caller at most to whom it was given. */
function deletions(commands: readonly Attempt[], store: EventStore): Violation[] {
  const asked = Map.groupBy(
    commands.filter(({ type, outcome }) => type === 'delete' && outcome.type !== 'nothing_done'),
    ({ id }) => id,
  )
  return [...store].flatMap(([id, events]) => {
    const last = events.at(-1)
    if (last?.change !== 'deleted') return []
    const askers = asked.get(id)
    if (!askers) return [violation('D', id, `nobody asked for the deletion, version ${last.version}`)]
    const marks = askers.filter(({ outcome }) => outcome.type === 'acknowledged').map(({ mark }) => mark)
    return new Set(marks).size > 1 ? [violation('D', id, 'one deletion was given to several callers')] : []
  })
}
