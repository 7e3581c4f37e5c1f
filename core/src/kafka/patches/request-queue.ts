import { createRequire } from 'node:module'

type RequestQueue = {
  pending: readonly unknown[]
  scheduleCheckPendingRequests: (this: RequestQueue) => void
}

/**
 * Trap 7, https://github.com/tulios/kafkajs/issues/1704 (the loop) and https://github.com/tulios/kafkajs/issues/1751
 * (the warning). The request queue of kafkajs 2.2.4 sets a timer after every response, even when no request waits. Its
 * delay is `throttledUntil - now`, about -1.7e12 ms, which Node replaces with 1 ms: an idle connection wakes a thousand
 * times a second, and Node 24 prints a TimeoutNegativeWarning. An empty queue needs no timer, because `push` sets one
 * for later requests. The class is not exported, hence the deep import; request-queue.test.ts fails when it moves.
 */
export function stopIdleRequestQueues(): void {
  const require = createRequire(import.meta.url)
  const { prototype } = require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue }
  const { scheduleCheckPendingRequests: schedule } = prototype
  prototype.scheduleCheckPendingRequests = function () {
    if (this.pending.length > 0) schedule.call(this)
  }
}
