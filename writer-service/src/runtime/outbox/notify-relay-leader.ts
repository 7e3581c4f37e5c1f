import type { Log } from '@lockstep/core/log/log.ts'

/** One notification for many commits that are close together, ms. */
const DEBOUNCE_MS = 5

/**
 * Notifies the relay leader in another process that something was committed. The notification is sent after the
 * commit: a NOTIFY inside the transaction takes a lock that serialises all commits. A lost notification costs one poll
 * interval and no event.
 */
export function notifyRelayLeader(notify: () => Promise<unknown>, log: Log) {
  let timer: NodeJS.Timeout | undefined
  let sending: Promise<unknown> = Promise.resolve()
  return {
    call(): void {
      timer ??= setTimeout(() => {
        timer = undefined
        sending = notify().catch((error: unknown) => log.debug({ err: error }, 'failed to notify the relay'))
      }, DEBOUNCE_MS)
    },
    [Symbol.asyncDispose]: async () => {
      clearTimeout(timer)
      await sending
    },
  }
}
