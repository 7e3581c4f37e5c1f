/** Runs one piece of work at a time, in the order of the calls; a failure does not hold up those that follow. */
export function inTurn(): { run<T>(work: () => Promise<T>): Promise<T>; idle(): Promise<void> } {
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
