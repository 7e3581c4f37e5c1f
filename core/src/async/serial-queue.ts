export type SerialQueue = {
  run: <T>(work: () => Promise<T>) => Promise<T>
  /** Resolves when everything that was added so far has ended. */
  idle: () => Promise<void>
}

/** Runs one piece of work at a time, in the order of the calls. A failure does not delay the work after it. */
export function serialQueue(): SerialQueue {
  let last: Promise<void> = Promise.resolve()
  return {
    run(work) {
      const done = last.then(work)
      last = done.then(
        () => {},
        () => {},
      )
      return done
    },
    idle: () => last,
  }
}
