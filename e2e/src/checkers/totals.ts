import type { Evidence, EventStore } from '../evidence/evidence.ts'
import type { Attempt, GroupTotals, State, TotalsRead } from '../evidence/history.ts'
import type { Totals } from '../subjects/subject.ts'
import type { Violation } from './violation.ts'

/**
 * Every answer of totals was possible: each aggregate was in it at a version that a caller had sent a command for, and
 * that is not older than the `min_version` of this query or of one that was answered before it. At rest only the newest
 * version of each aggregate is possible, so the totals must equal the fold of all events.
 */
export function wrongTotals(
  { shareOf, readModel }: Pick<Totals, 'shareOf' | 'readModel'>,
  { events, others }: Pick<Evidence, 'events' | 'others'>,
  reads: readonly TotalsRead[],
  commands: readonly Attempt[],
): Violation[] {
  const lives = livesOf(events, commands, shareOf)
  const unchanged = new Map<string, Bounds>()
  for (const share of others.map(shareOf)) if (share) addTo(unchanged, [share], true)
  const answered = reads.filter(({ result }) => result.type === 'found')
  return answered.flatMap((read) => {
    const awaited = awaitedBy(answered.filter((each) => each === read || each.completedAt < read.sentAt))
    const possible = structuredClone(unchanged)
    for (const [id, life] of lives) {
      const oldest = read.atRest ? life.length : (awaited.get(id) ?? 0)
      const newest = life.findLastIndex(({ sentAt }) => sentAt <= read.completedAt) + 1
      addVersions(possible, life, oldest, Math.max(oldest, newest))
    }
    return [...impossibleIn(read, possible), ...staleTime(read, events)].map((what) => ({
      check: 'totals' as const,
      ...(read.id !== undefined && { id: read.id }),
      what: `${readModel}: ${what} at ${new Date(read.completedAt).toISOString()}`,
    }))
  })
}

/** The time that the totals state cannot be before that of an event that they contain. */
function staleTime({ id = '', minVersion = 0, result }: TotalsRead, events: EventStore): string[] {
  const occurredAt = events.get(id)?.[minVersion - 1]?.occurredAt
  if (result.type !== 'found' || occurredAt === undefined || occurredAt <= (result.asOf ?? '')) return []
  return [`asOf is ${result.asOf}, and they contain an event of ${occurredAt}`]
}

type Share = { group: string; value: number }

/** One version of an aggregate: what it adds to the totals, and when a caller first sent its command. */
type Version = { share: Share | undefined; sentAt: number }

function livesOf(
  events: EventStore,
  commands: readonly Attempt[],
  shareOf: (state: State) => Share | undefined,
): Map<string, Version[]> {
  const sent = new Map<string, number>()
  for (const { mark, type, id, sentAt } of commands) {
    for (const name of [mark, `${type} ${id}`]) sent.set(name, Math.min(sentAt, sent.get(name) ?? Infinity))
  }
  const life = (id: string, stored: NonNullable<ReturnType<EventStore['get']>>) =>
    stored.map(({ state, mark, command }) => ({
      share: shareOf(state),
      sentAt: sent.get(mark ?? `${command} ${id}`) ?? 0,
    }))
  return new Map([...events].map(([id, stored]) => [id, life(id, stored)]))
}

/** The highest `min_version` of each id. */
function awaitedBy(reads: readonly TotalsRead[]): Map<string, number> {
  const versions = new Map<string, number>()
  for (const { id, minVersion = 0 } of reads) {
    if (id !== undefined) versions.set(id, Math.max(minVersion, versions.get(id) ?? 0))
  }
  return versions
}

/** What the totals of a group can be. */
type Bounds = {
  count: [least: number, most: number]
  sum: [least: number, most: number]
  min: [least: number, most: number]
  max: [least: number, most: number]
}

/** Adds an aggregate that is at one of the versions from `oldest`, 0 for none, to `newest`. */
function addVersions(to: Map<string, Bounds>, life: readonly Version[], oldest: number, newest: number) {
  const shares = life.slice(Math.max(0, oldest - 1), newest).map(({ share }) => share)
  const byGroup = Map.groupBy(
    shares.filter((share) => share !== undefined),
    ({ group }) => group,
  )
  for (const same of byGroup.values()) addTo(to, same, oldest > 0 && same.length === shares.length)
}

/** Adds one of these shares, which are of one group, or possibly none. */
function addTo(to: Map<string, Bounds>, shares: readonly Share[], certain: boolean): void {
  const { group } = shares[0]!
  const values = shares.map(({ value }) => value)
  const [lowest, highest] = [Math.min(...values), Math.max(...values)]
  const { count, sum, min, max } = to.get(group) ?? {
    count: [0, 0],
    sum: [0, 0],
    min: [Infinity, Infinity],
    max: [-Infinity, -Infinity],
  }
  to.set(group, {
    count: [count[0] + (certain ? 1 : 0), count[1] + 1],
    sum: [sum[0] + (certain ? lowest : 0), sum[1] + highest],
    min: [Math.min(min[0], lowest), certain ? Math.min(min[1], highest) : min[1]],
    max: [certain ? Math.max(max[0], lowest) : max[0], Math.max(max[1], highest)],
  })
}

const names = ['count', 'sum', 'min', 'max'] as const
const none = { count: 0, sum: 0, min: Infinity, max: -Infinity }

function impossibleIn({ result }: TotalsRead, possible: ReadonlyMap<string, Bounds>): string[] {
  if (result.type !== 'found') return []
  const found = new Map(result.groups.map((each) => [each.group, each]))
  const empty = result.groups.filter(({ count }) => count < 1).map(({ group }) => `${group} is empty`)
  const repeated = found.size < result.groups.length ? ['a group is repeated'] : []
  const unknown = [...found.keys()].filter((group) => !possible.has(group))
  const wrong = [...possible].flatMap(([group, bounds]) => {
    const totals: Omit<GroupTotals, 'group'> = found.get(group) ?? none
    if (totals === none && bounds.count[0] === 0) return []
    const outside = names.find((name) => totals[name] < bounds[name][0] || totals[name] > bounds[name][1])
    return outside === undefined
      ? []
      : [`${group} ${outside} is ${totals[outside]}, not from ${bounds[outside].join(' to ')}`]
  })
  return [...empty, ...repeated, ...unknown.map((group) => `${group} cannot have members`), ...wrong]
}
