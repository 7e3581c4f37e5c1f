import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import type { EventPosition, EventQueue, EventRange } from './ports.ts'

export type Republished = {
  scanned: number
  queued: number
  total: number
  position: EventPosition | undefined
}

export type RepublishRequest = EventRange & { after: EventPosition | undefined; dryRun: boolean }

/**
 * Has events of the store published again. `onProgress` is told after each batch, and while the outbox is too full for
 * another one; what it throws ends the work. Rejects with `not_found` for a product without events.
 */
export type Republish = (
  request: RepublishRequest,
  onProgress: (progress: Republished) => Promise<void>,
) => Promise<void>

export type RepublishLimits = {
  batch: number
  /** With so many entries in the outbox nothing is added: new events have to go out soon too. */
  outbox: number
  /** Between two looks at a full outbox, ms. */
  pauseMs: number
}

/** Half of what the outbox may hold at most: commands, which are refused when it is full, go on meanwhile. */
export function republishLimits(outboxLimit: number): RepublishLimits {
  const outbox = Math.max(1, Math.min(2_000, Math.floor(outboxLimit / 4)))
  return { batch: Math.min(500, outbox), outbox, pauseMs: 200 }
}

/**
 * Events go into the outbox in the order of product and version, so that a consumer that has none of them meets each
 * product's versions in order. To one that has them they are repeats. Once behind an event the work never comes back
 * to it, so a product that changes all the time does not hold it.
 */
export function republishFrom(queue: EventQueue, onQueued: () => void, limits: RepublishLimits): Republish {
  return async ({ after, dryRun, ...range }, onProgress) => {
    const total = await queue.count(range)
    if (range.productId !== undefined && total === 0) {
      throw new AppError('not_found', `There is no product ${range.productId}`)
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
