import { once } from 'node:events'
import { createRequire } from 'node:module'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import '../client/client.ts'

type Response = { correlationId: number; payload: Buffer }
type Connection = {
  requestQueue: { fulfillRequest: (response: Response) => void }
  connect(): Promise<boolean>
  disconnect(): Promise<boolean>
  isConnected(): boolean
}
type SocketArgs = { host: string; port: number; onConnect: () => void }

/** The real class of kafkajs, which client.ts has patched. */
const KafkaConnection = createRequire(import.meta.url)('kafkajs/src/network/connection') as new (
  options: object,
) => Connection

/** The bytes that a broker sends: size, correlation id, payload. */
function response(correlationId: number, payload: string): Buffer {
  const bytes = Buffer.from(`size id ${payload}`)
  bytes.writeInt32BE(bytes.length - 4, 0)
  bytes.writeInt32BE(correlationId, 4)
  return bytes
}

/** A server that handles each connection with the next function, and a client connection that keeps the responses. */
async function setup(...turns: ((socket: Socket) => void)[]) {
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
  const responses: string[] = []
  connection.requestQueue.fulfillRequest = ({ correlationId, payload }) =>
    responses.push(`${correlationId} ${payload.toString()}`)
  onTestFinished(async () => {
    await connection.disconnect()
    server.close()
  })
  return { connection, responses }
}

// Trap 9.
test('after the loss of a connection in the middle of a response, the next responses are read correctly', async () => {
  const { connection, responses } = await setup(
    (socket) => socket.end(response(1, 'the rest of this never arrives').subarray(0, 12)),
    (socket) => socket.write(Buffer.concat([response(2, 'two'), response(3, 'three')])),
  )
  await connection.connect()
  await expect.poll(() => connection.isConnected()).toBe(false)
  await connection.connect()
  await expect.poll(() => responses).toEqual(['2 two', '3 three'])
})
