/** Puts events of the store back into the outbox, for a topic that lost events. */

import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '@lockstep/core/errors/app-error.ts'

/** An event's position in the order of id and version. */
export type EventPosition = { id: string; version: number }

export type EventRange = {
  /** The type of the aggregate. */
  aggregate: string
  /** Undefined: all ids. */
  id?: string | undefined
  since?: Date | undefined
  until?: Date | undefined
}

export type RequeuedBatch = {
  scanned: number
  queued: number
  /** Undefined if there was no further event. */
  last: EventPosition | undefined
}

/** The event store and the outbox. Rejects with `unavailable`. */
export type EventQueue = {
  /** How many events the range has without regard to time; an estimate if they are many. */
  count: (range: EventRange) => Promise<number>
  /** Reads the next events after the position `after`, at most `limit`, and puts those of the range into the outbox. */
  requeue: (
    range: EventRange,
    options: { after: EventPosition | undefined; limit: number; dryRun: boolean },
  ) => Promise<RequeuedBatch>
  /** Entries of the outbox, counted up to `limit`. */
  depth: (limit: number) => Promise<number>
}

export type Republished = {
  scanned: number
  queued: number
  total: number
  position: EventPosition | undefined
}

export type RepublishRequest = EventRange & { after: EventPosition | undefined; dryRun: boolean }

/**
 * Calls `onProgress` after each batch, and while the outbox is too full for another batch; an error that it throws ends
 * the work. Rejects with `not_found` for an id without events.
 */
export type Republish = (
  request: RepublishRequest,
  onProgress: (progress: Republished) => Promise<void>,
) => Promise<void>

export type RepublishLimits = {
  batch: number
  /** With this many entries in the outbox nothing is added: new events must be published soon as well. */
  outbox: number
  /** Between two checks of a full outbox, ms. */
  pauseMs: number
}

/**
 * A quarter of the outbox's limit, so that with one more batch republishing uses at most half: commands are refused when
 * the outbox is full.
 */
export function republishLimits(outboxLimit: number): RepublishLimits {
  const outbox = Math.max(1, Math.min(2_000, Math.floor(outboxLimit / 4)))
  return { batch: Math.min(500, outbox), outbox, pauseMs: 200 }
}

/**
 * Events go into the outbox in the order of id and version, so that a consumer that has none of them meets each
 * aggregate's versions in order; to a consumer that has them they are repeats. The work never returns to an
 * event that it has passed, so an aggregate that changes all the time does not delay it.
 */
export function republishFrom(queue: EventQueue, onQueued: () => void, limits: RepublishLimits): Republish {
  return async ({ after, dryRun, ...range }, onProgress) => {
    const total = await queue.count(range)
    if (range.id !== undefined && total === 0) {
      throw new AppError('not_found', `There is no ${range.aggregate} ${range.id}`)
    }
    const done: Republished = { scanned: 0, queued: 0, total, position: after }
    for (;;) {
      while (!dryRun && (await queue.depth(limits.outbox)) >= limits.outbox) {
        await onProgress({ ...done })
        await sleep(limits.pauseMs)
      }
      const { scanned, queued, last } = await queue.requeue(range, {
        after: done.position,
        limit: limits.batch,
        dryRun,
      })
      if (queued > 0 && !dryRun) onQueued()
      done.scanned += scanned
      done.queued += queued
      done.position = last ?? done.position
      done.total = Math.max(done.total, done.scanned)
      await onProgress({ ...done })
      if (scanned < limits.batch) return
    }
  }
}
