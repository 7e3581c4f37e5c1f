import type { KafkaLog } from '@lockstep/core/kafka/client/client.ts'

export type LogLine = { level: 'debug' | 'info' | 'warn' | 'error'; message: string; fields: object }

/** A log that keeps its lines, for tests that check them. */
export function recordingLog(): KafkaLog & { lines: LogLine[] } {
  const lines: LogLine[] = []
  const write = (level: LogLine['level']) => (fields: unknown, message?: string) => {
    lines.push({ level, message: message ?? '', fields: fields as object })
  }
  const log = {
    lines,
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  }
  return log as KafkaLog & { lines: LogLine[] }
}
