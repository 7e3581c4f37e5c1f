import type { Log } from '@lockstep/core/log/log.ts'

/** Many commits close together are told in one notification, ms. */
const DEBOUNCE_MS = 5

/**
 * Tells the relay's holder in another process that something was committed. It is sent after the commit on a
 * connection of its own time: a NOTIFY inside the transaction takes a lock that serialises all commits. One that is
 * lost costs a poll interval, no event.
 */
export function notifyRelay(notify: () => Promise<unknown>, log: Log) {
  let timer: NodeJS.Timeout | undefined
  let sending: Promise<unknown> = Promise.resolve()
  return {
    call(): void {
      timer ??= setTimeout(() => {
        timer = undefined
        sending = notify().catch((error: unknown) => log.debug({ err: error }, 'the relay was not told'))
      }, DEBOUNCE_MS)
    },
    [Symbol.asyncDispose]: async () => {
      clearTimeout(timer)
      await sending
    },
  }
}
