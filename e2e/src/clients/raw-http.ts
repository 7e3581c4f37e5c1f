import { connect, type Socket } from 'node:net'

/** Requests exactly as they are written, which HTTP clients would refuse or repair. */

export type RawRequest = {
  method: string
  /** Its characters are bytes: ISO 8859-1. */
  target: string
  version?: '1.0' | '1.1'
  /** In this order, repeated ones too; also ISO 8859-1. The length of the body is added. */
  headers: readonly (readonly [name: string, value: string])[]
  body?: Uint8Array
}

export type RawResponse = { status: number; headers: Headers; text: string }

export type RawHttp = Disposable & {
  /** Undefined: the connection was closed without a response. */
  send(request: RawRequest): Promise<RawResponse | undefined>
}

/** Uses one connection for as long as the server keeps it open. */
export function rawHttp(port: number): RawHttp {
  let socket: Socket | undefined
  return {
    async send(request) {
      socket = socket?.writable ? socket : connect({ port, host: '127.0.0.1', allowHalfOpen: false })
      const response = await exchange(socket, request)
      if (response?.headers.get('connection')?.toLowerCase() !== 'keep-alive') socket.destroy()
      return response
    },
    [Symbol.dispose]: () => void socket?.destroy(),
  }
}

function exchange(socket: Socket, request: RawRequest): Promise<RawResponse | undefined> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0)
    const end = (response: RawResponse | undefined) => {
      socket.removeAllListeners('data').removeAllListeners('close').removeAllListeners('error')
      socket.on('error', () => {})
      clearTimeout(late)
      resolve(response)
    }
    const late = setTimeout(() => {
      socket.destroy()
      reject(new Error(`no response within 20 s; received ${received.length} bytes`))
    }, 20_000)
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      const response = parsed(received, request.method)
      if (response) end(response)
    })
    socket.on('error', () => {}).on('close', () => end(undefined))
    socket.write(bytesOf(request))
  })
}

function bytesOf({ method, target, version = '1.1', headers, body }: RawRequest): Buffer {
  const length = body === undefined ? [] : ([['Content-Length', String(body.byteLength)]] as const)
  const fields = [...headers, ...length].map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `${method} ${target} HTTP/${version}\r\n${fields.join('')}\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), body ?? Buffer.alloc(0)])
}

/** Undefined until the response is complete. */
function parsed(bytes: Buffer, method: string): RawResponse | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [line = '', ...fields] = bytes.toString('latin1', 0, end).split('\r\n')
  const status = Number(line.split(' ')[1])
  if (status === 100) return parsed(bytes.subarray(end + 4), method)
  const headers = new Headers(fields.map((field) => field.split(/: ?(.*)/s).slice(0, 2) as [string, string]))
  const length = method === 'HEAD' || status === 304 ? 0 : Number(headers.get('content-length') ?? 0)
  if (bytes.length < end + 4 + length) return undefined
  return { status, headers, text: bytes.toString('utf8', end + 4, end + 4 + length) }
}
