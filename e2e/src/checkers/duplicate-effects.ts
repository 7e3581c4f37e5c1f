import { temporaryFailures } from '../clients/results.ts'
import type { EventStore } from '../evidence/evidence.ts'
import type { Attempt } from '../evidence/history.ts'
import { isUnchanged } from './unchanged.ts'
import { violation, type Violation } from './violation.ts'

/**
 * A repeated command has one effect, with the same result each time. It has none when it was refused. Every event was requested by a caller.
 */
export function duplicateEffects(commands: readonly Attempt[], events: EventStore): Violation[] {
  const attempts = Map.groupBy(commands, ({ mark }) => mark)
  const effects = Map.groupBy(
    [...events.values()].flat().filter(({ mark }) => mark !== undefined),
    ({ mark }) => mark as string,
  )
  return [
    ...[...effects].flatMap(([mark, caused]) => {
      const { id, version } = caused[0]!
      if (!attempts.has(mark))
        return [violation('duplicate effects', id, `no caller requested version ${version}`)]
      if (caused.length === 1) return []
      const places = caused.map((event) => `${event.id} ${event.version}`).join(', ')
      return [violation('duplicate effects', id, `${mark} took effect ${caused.length} times: ${places}`)]
    }),
    ...[...attempts].flatMap(([mark, same]) => contradictions(same, effects.has(mark))),
    ...unmarkedEvents(commands, events),
  ]
}

function contradictions(same: readonly Attempt[], tookEffect: boolean): Violation[] {
  const { id = '(new)', type, mark } = same[0]!
  const refused = same.find(({ outcome }) => outcome.type === 'nothing_done')
  if (refused && tookEffect && same.every(({ outcome }) => outcome.type === 'nothing_done')) {
    const { code } = refused.outcome as { code: string }
    return [violation('duplicate effects', id, `the ${type} ${mark} refused with ${code} is in the store`)]
  }
  if (same[0]!.idempotencyKey === undefined) return []
  const results = new Set(
    same.flatMap(({ outcome }) => {
      if (outcome.type === 'acknowledged') return [`${outcome.id} version ${outcome.version}`]
      return outcome.type === 'nothing_done' && !temporaryFailures.has(outcome.code) ? [outcome.code] : []
    }),
  )
  if (results.size <= 1) return []
  return [
    violation('duplicate effects', id, `the key ${mark} got different results: ${[...results].join('; ')}`),
  ]
}

/** An event without a mark, as of a deletion: a caller requested it, and at most one command was acknowledged for it. */
function unmarkedEvents(commands: readonly Attempt[], events: EventStore): Violation[] {
  const requested = Map.groupBy(
    commands.filter(({ outcome }) => outcome.type !== 'nothing_done'),
    ({ id, type }) => `${type} ${id}`,
  )
  return [...events.values()].flat().flatMap(({ id, version, command, mark, state }) => {
    if (mark !== undefined) return []
    const requests = requested.get(`${command} ${id}`)
    if (!requests)
      return [violation('duplicate effects', id, `no caller requested the ${command}, version ${version}`)]
    const acknowledged = requests.filter(
      (attempt) =>
        attempt.outcome.type === 'acknowledged' &&
        attempt.outcome.version === version &&
        !isUnchanged(state, attempt),
    )
    return new Set(acknowledged.map((attempt) => attempt.mark)).size > 1
      ? [
          violation(
            'duplicate effects',
            id,
            `the ${command} of version ${version} was acknowledged to several callers`,
          ),
        ]
      : []
  })
}
