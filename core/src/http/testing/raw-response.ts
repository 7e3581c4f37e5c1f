import { connect } from 'node:net'

/**
 * For tests: sends bytes as they are, keeps its side of the connection open, and returns what came back until the server
 * closed the connection, or until the text contains `until`.
 */
export function rawResponse(port: number, bytes: string | Uint8Array, until?: string): Promise<string> {
  return new Promise<string>((resolve, reject) => {
    let text = ''
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    const end = () => {
      socket.destroy()
      resolve(text)
    }
    socket.once('connect', () => socket.write(bytes))
    socket.on('data', (part) => {
      text += part.toString('latin1')
      if (until !== undefined && text.includes(until)) end()
    })
    socket.on('end', end)
    socket.on('error', reject)
  })
}

/** The parts of the only response in the text. */
export function parsedResponse(text: string) {
  const [head = '', body = ''] = text.split('\r\n\r\n')
  const [line = '', ...fields] = head.split('\r\n')
  const headers = new Headers(fields.map((field) => field.split(/: ?(.*)/s).slice(0, 2) as [string, string]))
  return { status: Number(line.split(' ')[1]), headers, body }
}
