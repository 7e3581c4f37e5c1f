import { createRequire } from 'node:module'

type RequestQueue = {
  pending: readonly unknown[]
  scheduleCheckPendingRequests: (this: RequestQueue) => void
}

/**
 * Trap 7. The request queue of kafkajs 2.2.4 sets a timer after every answer even when nothing is waiting. Its delay
 * is `throttledUntil - now`, about -1.7e12 ms, which Node takes for 1 ms: an idle connection wakes a thousand times a
 * second, and Node 24 prints a TimeoutNegativeWarning (src/network/requestQueue/index.js,
 * scheduleCheckPendingRequests). A queue without waiting requests has nothing to check: `push` sets the timer for
 * those that come later. The class is not exported, hence the deep import; request-queue.test.ts notices when it moves.
 */
export function stopIdleRequestQueues(): void {
  const require = createRequire(import.meta.url)
  const { prototype } = require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue }
  const { scheduleCheckPendingRequests: schedule } = prototype
  prototype.scheduleCheckPendingRequests = function () {
    if (this.pending.length > 0) schedule.call(this)
  }
}
