const minute = 60_000

/** How many dead letters one partition may still produce within a sliding minute. The clock is an argument. */
export type DeadLetterBudget = {
  left(now: number): number
  spend(count: number, now: number): void
  /** Milliseconds until one more dead letter is allowed; 0 if one is allowed now. */
  untilNext(now: number): number
}

export function deadLetterBudget(perMinute: number): DeadLetterBudget {
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
