import { connect } from 'node:net'

/**
 * Rejects unless the broker has a coordinator for a group and has loaded that group's offsets: until then its port is
 * open, but a consumer cannot join. Uses Kafka's protocol directly (FindCoordinator 1 and OffsetFetch 2, protocol guide
 * of Kafka 4), because only core imports the client library.
 */
export async function coordinatorAnswers(port: number): Promise<void> {
  const group = string('readiness')
  const found = await request(port, 10, 1, Buffer.concat([group, Buffer.from([0])]))
  refuse(found.readInt16BE(4))
  const allTopics = Buffer.from([0xff, 0xff, 0xff, 0xff])
  const offsets = await request(port, 9, 2, Buffer.concat([group, allTopics]))
  refuse(offsets.readInt16BE(offsets.length - 2))
}

function refuse(errorCode: number): void {
  if (errorCode !== 0) throw new Error(`the group coordinator returned error ${errorCode}`)
}

/** Sends one request on its own connection. Returns the response without its size and correlation id. */
function request(port: number, apiKey: number, version: number, body: Buffer): Promise<Buffer> {
  const header = Buffer.alloc(8)
  header.writeInt16BE(apiKey, 0)
  header.writeInt16BE(version, 2)
  const message = Buffer.concat([header, string('local-infra'), body])
  const size = Buffer.alloc(4)
  size.writeInt32BE(message.length)

  return new Promise((resolve, reject) => {
    let response = Buffer.alloc(0)
    const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.concat([size, message])))
    socket.setTimeout(2000, () => socket.destroy(new Error('no response within 2 s')))
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the broker closed the connection')))
    socket.on('data', (chunk) => {
      response = Buffer.concat([response, chunk])
      if (response.length < 4 || response.length < response.readInt32BE(0) + 4) return
      resolve(response.subarray(8))
      socket.destroy()
    })
  })
}

function string(text: string): Buffer {
  const length = Buffer.alloc(2)
  length.writeInt16BE(Buffer.byteLength(text))
  return Buffer.concat([length, Buffer.from(text)])
}
