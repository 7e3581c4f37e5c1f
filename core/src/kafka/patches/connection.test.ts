import { once } from 'node:events'
import { createRequire } from 'node:module'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import '../client/client.ts'

type Answer = { correlationId: number; payload: Buffer }
type Connection = {
  requestQueue: { fulfillRequest: (answer: Answer) => void }
  connect(): Promise<boolean>
  disconnect(): Promise<boolean>
  isConnected(): boolean
}
type SocketArgs = { host: string; port: number; onConnect: () => void }

/** The real class out of kafkajs, as client.ts leaves it. */
const KafkaConnection = createRequire(import.meta.url)('kafkajs/src/network/connection') as new (
  options: object,
) => Connection

/** As a broker sends it: size, correlation id, payload. */
function answer(correlationId: number, payload: string): Buffer {
  const bytes = Buffer.from(`size id ${payload}`)
  bytes.writeInt32BE(bytes.length - 4, 0)
  bytes.writeInt32BE(correlationId, 4)
  return bytes
}

/** A server that does with each connection the next of these, and a connection to it that keeps what was answered. */
async function place(...turns: ((socket: Socket) => void)[]) {
  const server = createServer((socket) => turns.shift()?.(socket.on('error', () => {})))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const silent = { debug() {}, error() {}, warn() {} }
  const connection = new KafkaConnection({
    host: '127.0.0.1',
    port,
    connectionTimeout: 10_000,
    requestTimeout: 10_000,
    logger: { namespace: () => silent },
    socketFactory: ({ host, port: at, onConnect }: SocketArgs) => connect({ host, port: at }, onConnect),
  })
  const answers: string[] = []
  connection.requestQueue.fulfillRequest = ({ correlationId, payload }) =>
    answers.push(`${correlationId} ${payload.toString()}`)
  onTestFinished(async () => {
    await connection.disconnect()
    server.close()
  })
  return { connection, answers }
}

// Trap 9.
test('after it was cut in the middle of an answer, a connection reads the next answers as they are', async () => {
  const { connection, answers } = await place(
    (socket) => socket.end(answer(1, 'the rest of this never comes').subarray(0, 12)),
    (socket) => socket.write(Buffer.concat([answer(2, 'two'), answer(3, 'three')])),
  )
  await connection.connect()
  await expect.poll(() => connection.isConnected()).toBe(false)
  await connection.connect()
  await expect.poll(() => answers).toEqual(['2 two', '3 three'])
})
