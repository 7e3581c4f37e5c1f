/** A response over HTTP, read to its end. */
export type HttpResponse = {
  status: number
  headers: Headers
  text: string
  /** The parsed body; undefined when it is not JSON. */
  json: unknown
}

export type HttpRequest = {
  /** Sent as JSON. */
  json?: unknown
  /** Sent unchanged. */
  body?: string | Uint8Array
  headers?: Record<string, string>
  timeoutMs?: number
}

export type HttpClient = {
  readonly url: string
  /** Rejects when no response arrives; a status is never an error here. */
  send(method: string, path: string, request?: HttpRequest): Promise<HttpResponse>
}

export function httpClient(url: string): HttpClient {
  return {
    url,
    async send(method, path, { json, body, headers = {}, timeoutMs = 15_000 } = {}) {
      const response = await fetch(url + path, {
        method,
        headers: { ...(json !== undefined && { 'content-type': 'application/json' }), ...headers },
        body: (json === undefined ? body : JSON.stringify(json)) as RequestInit['body'],
        signal: AbortSignal.timeout(timeoutMs),
      })
      const text = await response.text()
      return { status: response.status, headers: response.headers, text, json: parsed(text) }
    },
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The members of a problem (RFC 9457) that tests check. */
export type ProblemBody = {
  status: number
  code: string
  detail?: string
  requestId: string
  errors?: { field: string; message: string }[]
}

export function problemOf({ status, headers, json, text }: HttpResponse): ProblemBody {
  const problem = json as ProblemBody | undefined
  const mediaType = headers.get('content-type')
  if (mediaType !== 'application/problem+json' || problem?.status !== status || !problem.requestId) {
    throw new Error(`not a problem: ${status} ${mediaType} ${text}`)
  }
  return problem
}
