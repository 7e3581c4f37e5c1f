import http from 'node:http'
import https from 'node:https'
import { TraceRequest, type Span } from './otlp.ts'

export type SpanExport = AsyncDisposable & { add: (span: Span) => void }

const SEND_EVERY_MS = 1_000
const REQUEST_TIMEOUT_MS = 2_000

/**
 * Sends spans to `<endpoint>/v1/traces` as OTLP over HTTP in protobuf, every second or as soon as a request is full.
 * While one request is in flight, the next one collects spans; when that is full too, spans are dropped.
 */
export function exportSpans({ service, endpoint }: { service: string; endpoint: string }): SpanExport {
  const url = new URL(`${endpoint}/v1/traces`)
  const agent = new (url.protocol === 'https:' ? https : http).Agent({ keepAlive: true })
  let collecting = new TraceRequest(service)
  let spare = new TraceRequest(service)
  let timer: NodeJS.Timeout | undefined
  let sending: Promise<void> | undefined

  async function send(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const request = collecting
    collecting = spare
    spare = request
    // If the request fails, its spans are lost: the service does not depend on the endpoint.
    await post(url, agent, request.finish()).catch(() => {})
    request.clear()
    sending = undefined
    if (!collecting.empty) sendSoon()
  }

  function sendSoon(): void {
    if (sending) return
    if (collecting.full) sending = send()
    else timer ??= setTimeout(sendNow, SEND_EVERY_MS)
  }

  function sendNow(): void {
    sending ??= send()
  }

  return {
    add(span) {
      if (collecting.full && sending) return
      collecting.add(span)
      sendSoon()
    },
    async [Symbol.asyncDispose]() {
      await sending
      clearTimeout(timer)
      if (!collecting.empty) await send()
      clearTimeout(timer)
      agent.destroy()
    },
  }
}

function post(url: URL, agent: http.Agent, body: Buffer): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length }
  const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
  const { request } = url.protocol === 'https:' ? https : http
  request(url, { agent, method: 'POST', headers, signal }, (response) => {
    response.resume().once('end', resolve).once('error', reject)
  })
    .once('error', reject)
    .end(body)
  return promise
}
