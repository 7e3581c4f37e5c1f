import type { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'

type Connection = EventEmitter & { error?: Error; command: (...parameters: unknown[]) => Promise<unknown> }

/**
 * A command of mongodb 7.9.0 may wait for ever on a connection that was closed under it: `writeCommand` waits for
 * `drain`, which a closed socket never tells, and a closing reaches only a command that already reads
 * (lib/cmap/connection.js, `cleanup`). The heartbeat of a server's monitor is such a command: when it hangs, the server
 * stays unknown until the process is started again. Seen when a server is killed whose other connections were closed a
 * moment earlier. So a command fails with its connection.
 *
 * The class is not exported, hence the deep import; commands-end.test.ts notices when it moves.
 */
export function endCommandsWithTheirConnection(): void {
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
