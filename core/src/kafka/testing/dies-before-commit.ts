import { Registry } from 'prom-client'
import { startConsumer } from '../consumer/consumer-runtime.ts'
import { decodeText, rememberingLog } from './harness.ts'

/** A consumer that is killed when an error record has been acknowledged and nothing committed yet. */
const { kafka, group, topic } = JSON.parse(process.argv[2] ?? '{}')
const log = {
  ...rememberingLog(),
  warn(_: unknown, message?: string) {
    if (message?.includes('given up')) process.kill(process.pid, 'SIGKILL')
  },
}
startConsumer({
  kafka,
  group,
  topics: [topic],
  registry: new Registry(),
  log,
  decode: decodeText,
  handle: async () => {},
  tuning: { sessionTimeoutMs: 6_000, heartbeatIntervalMs: 2_000 },
})
