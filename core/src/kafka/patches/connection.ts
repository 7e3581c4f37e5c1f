import { createRequire } from 'node:module'

type Connection = {
  chunks: Buffer[]
  bytesBuffered: number
  bytesNeeded: number
  isConnected(): boolean
  connect(): Promise<boolean>
}

/** A response begins with its size, an int32. */
const SIZE_BYTES = 4

/**
 * Trap 9, https://github.com/tulios/kafkajs/issues/715. A connection of kafkajs 2.2.4 that is lost in the middle of a
 * response keeps the received part, and after a reconnect treats the next response as the rest of it. From then on it
 * reads sizes at wrong positions: it waits for responses that it already has, or throws in the socket's handler, which
 * ends the process. This clears the buffer on connect. The class is not exported, hence the deep import;
 * connection.test.ts fails when it moves.
 */
export function clearBufferOnConnect(): void {
  const require = createRequire(import.meta.url)
  const { prototype } = require('kafkajs/src/network/connection') as { prototype: Connection }
  const { connect } = prototype

  prototype.connect = function () {
    if (!this.isConnected()) Object.assign(this, { chunks: [], bytesBuffered: 0, bytesNeeded: SIZE_BYTES })
    return connect.call(this)
  }
}
