const minute = 60_000

/** How many records of one partition may still be given up: a sliding minute. The clock is an argument. */
export type FailureBudget = {
  left(now: number): number
  spend(count: number, now: number): void
  /** Milliseconds until one more may be given up; 0 when one may be now. */
  untilNext(now: number): number
}

export function failureBudget(perMinute: number): FailureBudget {
  let spent: number[] = []
  const current = (now: number) => {
    spent = spent.filter((at) => at > now - minute)
    return spent
  }
  return {
    left: (now) => Math.max(0, perMinute - current(now).length),
    spend(count, now) {
      for (let i = 0; i < count; i++) spent.push(now)
    },
    untilNext(now) {
      const counted = current(now)
      const first = counted[counted.length - perMinute]
      return first === undefined ? 0 : first + minute - now
    },
  }
}
