import { pino, type DestinationStream, type Logger } from 'pino'
import { currentWork } from '../telemetry/tracing.ts'

export type Log = Logger

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
      mixin: currentWork,
    },
    destination,
  )
}
