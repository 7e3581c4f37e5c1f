import type { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'

type Connection = EventEmitter & { error?: Error; command: (...parameters: unknown[]) => Promise<unknown> }

/**
 * A command of mongodb 7.9.0 may wait indefinitely on a closed connection: `writeCommand` waits for `drain`, which a
 * closed socket never emits, and `cleanup` fails only commands that already read (lib/cmap/connection.js; the wait came
 * with https://github.com/mongodb/node-mongodb-native/pull/4022, no upstream issue found). If the heartbeat of a
 * server's monitor hangs in this way, the server stays unknown until the process restarts. This happens when a server is
 * killed shortly after its other connections were closed. The patch fails a command when its connection closes.
 *
 * The class is not exported, hence the deep import; fail-on-close.test.ts fails when it moves.
 */
export function failCommandsOnClose(): void {
  const require = createRequire(import.meta.url)
  const { Connection } = require('mongodb/lib/cmap/connection.js') as {
    Connection: { prototype: Connection }
  }
  const { prototype } = Connection
  const { command } = prototype
  prototype.command = async function (...parameters) {
    const closed = Promise.withResolvers<never>()
    const onClose = () => closed.reject(this.error ?? new Error('the connection was closed'))
    this.once('close', onClose)
    try {
      return await Promise.race([command.apply(this, parameters), closed.promise])
    } finally {
      this.off('close', onClose)
    }
  }
}
