import { Registry } from 'prom-client'
import { startConsumer } from '../consumer-runtime.ts'
import { recordingLog } from '@lockstep/testkit/recording-log.ts'
import { decodeText } from '@lockstep/testkit/kafka/text-consumer.ts'

/** A consumer that is killed after a dead letter was acknowledged and before its offset is committed. */
const { kafka, group, topic } = JSON.parse(process.argv[2] ?? '{}')
const log = {
  ...recordingLog(),
  warn(_: unknown, message?: string) {
    if (message === 'record sent to the error topic') process.kill(process.pid, 'SIGKILL')
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
