/** Wakes one waiter; a call while nobody waits is remembered, so that no work is overlooked. */
export function wakeSignal() {
  let called = false
  let wake = () => {}
  return {
    call(): void {
      called = true
      wake()
    },
    /** Resolves at the next call, or at once after an earlier one, and after `ms` at the latest. */
    async wait(ms: number): Promise<void> {
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
