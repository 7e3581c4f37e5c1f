/**
 * Trap 5: kafkajs sends no heartbeat while a handler runs, so a slow dependency would cost the membership. This sends
 * them beside the handler until it is disposed of. kafkajs itself drops those that come before its interval is over.
 *
 * A failure is no reason to end: while a group rebalances the broker answers each heartbeat with an error, and still
 * takes it for a sign of life. The batch in hand is finished; the heartbeat that kafkajs sends after every batch then
 * fails in the same way, and it joins again.
 */
export function keepBeating(heartbeat: () => Promise<void>, everyMs: number): Disposable {
  const timer = setInterval(() => {
    heartbeat().catch(() => {})
  }, everyMs)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
