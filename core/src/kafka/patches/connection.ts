import { createRequire } from 'node:module'

type Connection = {
  chunks: Buffer[]
  bytesBuffered: number
  bytesNeeded: number
  isConnected(): boolean
  connect(): Promise<boolean>
}

/** An answer begins with its size, an int32. */
const SIZE_BYTES = 4

/**
 * Trap 9. A connection of kafkajs 2.2.4 that is cut in the middle of an answer keeps the part that came and, once it is
 * connected again, takes the next answer for the rest of it. From then on it reads sizes where there are none: it waits
 * for answers that are there already, or throws out of the socket's handler, which ends the process
 * (https://github.com/tulios/kafkajs/issues/715). So it begins with nothing. The class is not exported, hence the deep
 * import; connection.test.ts notices when it moves.
 */
export function beginConnectionsEmpty(): void {
  const require = createRequire(import.meta.url)
  const { prototype } = require('kafkajs/src/network/connection') as { prototype: Connection }
  const { connect } = prototype

  prototype.connect = function () {
    if (!this.isConnected()) Object.assign(this, { chunks: [], bytesBuffered: 0, bytesNeeded: SIZE_BYTES })
    return connect.call(this)
  }
}
