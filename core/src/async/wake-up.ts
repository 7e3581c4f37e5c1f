export type WakeUp = {
  /** Wakes the waiter. Without one it is kept for the next wait, so that no work is overlooked. */
  call: () => void
  /** Resolves at the next call, at once after an earlier call, and after `ms` at the latest. */
  wait: (ms: number) => Promise<void>
}

/** One loop waits; any number of callers may wake it. */
export function wakeUp(): WakeUp {
  let called = false
  let wake = () => {}
  return {
    call() {
      called = true
      wake()
    },
    async wait(ms) {
      if (!called) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      called = false
      wake = () => {}
    },
  }
}
