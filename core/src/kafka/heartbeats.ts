/**
 * Trap 5: kafkajs sends no heartbeat while a handler runs, so a slow dependency would cost the membership. This sends
 * them beside the handler. kafkajs itself drops those that come before the heartbeat interval is over.
 *
 * `stop` gives the error of the last heartbeat, if any: it says that the group is rebalancing or has lost this member,
 * and only kafkajs can answer it, by joining again.
 */
export function keepBeating(heartbeat: () => Promise<void>, everyMs: number): { stop(): unknown } {
  let lost: unknown
  const timer = setInterval(() => {
    heartbeat().catch((error: unknown) => {
      lost ??= error
      clearInterval(timer)
    })
  }, everyMs)
  return {
    stop() {
      clearInterval(timer)
      return lost
    },
  }
}
