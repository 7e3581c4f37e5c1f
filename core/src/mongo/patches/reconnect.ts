import { setTimeout as sleep } from 'node:timers/promises'
import type { MongoClient } from 'mongodb'

const RECONNECT_EVERY_MS = 500

/**
 * A client of mongodb 7.9.0 whose first connection fails stays closed: later operations find its closed topology and do
 * not connect again (autoConnect in lib/operations/execute_operation.js, added by
 * https://github.com/mongodb/node-mongodb-native/pull/3232; no upstream issue found). `connect` does connect again.
 */
export function reconnectAfterFailure(client: MongoClient, closing: AbortSignal): void {
  let connecting = false
  const connect = async () => {
    while (!closing.aborted) {
      const connected = await client.connect().catch(() => undefined)
      if (connected) return
      await sleep(RECONNECT_EVERY_MS, undefined, { signal: closing, ref: false }).catch(() => {})
    }
  }
  client.on('topologyClosed', () => {
    if (connecting || closing.aborted) return
    connecting = true
    void connect().finally(() => (connecting = false))
  })
}
