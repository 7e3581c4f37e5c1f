import type { PendingCommit } from '../commands/ports.ts'

/** The parameters of `commit-aggregates.sql`: one array per column, in the order of its placeholders. */
export function commitColumns(batch: readonly PendingCommit[]): unknown[] {
  // The statement numbers the changes from 1.
  const events = batch.flatMap((commit, index) =>
    commit.events.map((event) => ({ change: index + 1, ...event })),
  )
  const claims = batch.flatMap((commit, index) =>
    commit.claims.map((claim) => ({ change: index + 1, ...claim })),
  )
  return [
    batch.map(({ next }) => next.type),
    batch.map(({ next }) => next.id),
    batch.map(({ baseVersion }) => baseVersion),
    batch.map(({ next }) => next.version),
    batch.map(({ next }) => JSON.stringify(next.state)),
    batch.map(({ next }) => next.createdAt),
    batch.map(({ next }) => next.updatedAt),
    batch.map(({ next }) => next.deleted),
    events.map(({ change }) => change),
    events.map(({ version }) => version),
    events.map(({ eventId }) => eventId),
    events.map(({ eventType }) => eventType),
    events.map(({ payload }) => payload),
    events.map(({ traceparent, tracestate }) => JSON.stringify({ traceparent, tracestate })),
    events.map(({ occurredAt }) => occurredAt),
    claims.map(({ change }) => change),
    claims.map(({ key }) => key),
    claims.map(({ fingerprint }) => fingerprint),
    claims.map(({ outcome }) => JSON.stringify(outcome)),
  ]
}
