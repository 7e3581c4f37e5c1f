import { Server, ServerCredentials } from '@grpc/grpc-js'

/**
 * The strongest server that the reader could be: grpc-js, and the same bytes for every request. Arguments: port, path of
 * the method, and the bytes in base64.
 */
const [port, path = '', base64 = ''] = process.argv.slice(2)
const bytes = Buffer.from(base64, 'base64')
const same = (value: Buffer) => value
const server = new Server()
server.addService(
  {
    call: {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    },
  },
  { call: (_call: unknown, respond: (error: null, value: Buffer) => void) => respond(null, bytes) },
)
server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), () => process.send?.('ready'))
