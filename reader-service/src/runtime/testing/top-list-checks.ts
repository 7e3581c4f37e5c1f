/**
 * What a top list may contain while items move: the list of one moment, which is not older than the lag. All times are
 * those of `performance.now()`.
 */

/** A version of an item, with the value that the list is sorted by. It was the current one at most from `from` to `to`. */
export type WrittenVersion = { id: string; version: number; key: number; from: number; to: number }

/** A response to a query that began at `startedAt`. */
export type ObservedTop = { startedAt: number; items: readonly { id: string; version: number }[] }

/** The current version of each item that was not written again has no end. */
export function violationsOf(
  { startedAt, items }: ObservedTop,
  written: readonly WrittenVersion[],
  { limit, maxLagMs }: { limit: number; maxLagMs: number },
): string[] {
  const ids = new Set(written.map(({ id }) => id))
  const listed = items.flatMap((item) =>
    written.filter(({ id, version }) => id === item.id && version === item.version),
  )
  if (listed.length !== items.length) return ['an item has a version that was not written']
  if (new Set(listed.map(({ id }) => id)).size !== listed.length) return ['an item appears twice']
  if (listed.length !== Math.min(limit, ids.size)) return [`it has ${listed.length} items`]
  const keys = listed.map(({ key }) => key)
  if (keys.some((key, index) => key > keys[index - 1]!)) return ['the items are not in order']

  const from = Math.max(startedAt - maxLagMs, ...listed.map((each) => each.from))
  const to = Math.min(...listed.map((each) => each.to))
  if (to < startedAt - maxLagMs) return ['a version was replaced before the lag']
  if (to < from) return ['no moment had all of these versions']
  const lowest = Math.min(...keys)
  return [...ids.difference(new Set(listed.map(({ id }) => id)))]
    .filter(
      (missing) =>
        !written.some(
          (each) => each.id === missing && each.key <= lowest && each.from <= to && each.to >= from,
        ),
    )
    .map((missing) => `${missing} is missing: it was higher at every moment that had all of these versions`)
}
