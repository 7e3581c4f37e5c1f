import { AsyncLocalStorage } from 'node:async_hooks'
import { trace } from '@opentelemetry/api'
import { pino, type DestinationStream, type Logger } from 'pino'

export type Log = Logger

/** The request that the current code runs for. */
export type RequestContext = { requestId: string }

export const requestContext = new AsyncLocalStorage<RequestContext>()

/** Writes JSON lines to stdout, each with the request id and the trace id of its request. */
export function createLog(
  options: { service: string; level: string },
  destination: DestinationStream = pino.destination({ fd: 1, sync: true }),
): Log {
  return pino(
    {
      level: options.level,
      base: { service: options.service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => {
        const spanContext = trace.getActiveSpan()?.spanContext()
        return {
          requestId: requestContext.getStore()?.requestId,
          traceId: spanContext?.traceId,
          spanId: spanContext?.spanId,
        }
      },
    },
    destination,
  )
}
