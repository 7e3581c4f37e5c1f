/**
 * Runs `work` repeatedly until it is disposed of; disposal waits for the current run. The first run starts before
 * `repeat` returns; `pauseMs` is the time from the end of a run to the start of the next.
 *
 * `work` must handle its own errors: if it rejects, the repetition stops.
 */
export function repeat(work: (stopping: AbortSignal) => Promise<void>, pauseMs: number): AsyncDisposable {
  const stopping = new AbortController()
  const running = (async () => {
    while (!stopping.signal.aborted) {
      await work(stopping.signal)
      await pause(pauseMs, stopping.signal)
    }
  })()
  return {
    [Symbol.asyncDispose]: async () => {
      stopping.abort()
      await running
    },
  }
}

/** Ends early, without an error, when the signal is aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const timer = setTimeout(done, ms)
    function done() {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done)
  })
}
