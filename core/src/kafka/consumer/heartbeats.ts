/**
 * Trap 5: kafkajs sends no heartbeat while a handler runs, so a slow dependency would cost the membership. This sends
 * them in parallel until it is disposed of; kafkajs drops a heartbeat that comes before its interval is over.
 *
 * A failed heartbeat does not end it: during a rebalance the broker responds to each with an error, and still counts
 * it as a sign of life. After the batch, kafkajs's own heartbeat fails in the same way, and it rejoins the group.
 */
export function sendHeartbeats(heartbeat: () => Promise<void>, everyMs: number): Disposable {
  const timer = setInterval(() => {
    heartbeat().catch(() => {})
  }, everyMs)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
