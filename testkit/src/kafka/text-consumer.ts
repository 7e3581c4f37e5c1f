import type { Decode } from '@lockstep/core/kafka/consumer/batch.ts'
import type { ConsumerOptions } from '@lockstep/core/kafka/consumer/consumer-options.ts'
import { startConsumer, type RunningConsumer } from '@lockstep/core/kafka/consumer/consumer-runtime.ts'
import { Registry } from 'prom-client'
import { recordingLog } from '../recording-log.ts'
import type { KafkaFixture } from './kafka-fixture.ts'

/** The text of a record; `bad...` cannot be decoded. */
export const decodeText: Decode<string> = ({ value }) => {
  const text = value?.toString() ?? ''
  if (text.startsWith('bad')) return { ok: false, errorClass: 'undecodable', message: `this is ${text}` }
  return { ok: true, value: text }
}

export type TextConsumer = RunningConsumer & {
  registry: Registry
  log: ReturnType<typeof recordingLog>
  /** The texts that took effect, in order. */
  applied: string[]
  metric(name: string, labels?: Record<string, string | number>): Promise<number | undefined>
}

/** A consumer of text records that keeps what took effect. `handle` runs first, so it can delay or fail a batch. */
export function consumeText(
  { kafka, group, topic }: Pick<KafkaFixture, 'kafka' | 'group' | 'topic'>,
  { handle, ...options }: Partial<ConsumerOptions<string>> = {},
): TextConsumer {
  const registry = new Registry()
  const log = recordingLog()
  const applied: string[] = []
  const consumer = startConsumer({
    kafka,
    group,
    topics: [topic],
    decode: decodeText,
    log,
    registry,
    ...options,
    async handle(messages, context) {
      await handle?.(messages, context)
      applied.push(...messages.map(({ value }) => value))
    },
  })
  return Object.assign(consumer, {
    registry,
    log,
    applied,
    async metric(name: string, labels: Record<string, string | number> = {}) {
      const found = await registry.getSingleMetric(name)?.get()
      return found?.values.find((v) => Object.entries(labels).every(([k, x]) => v.labels[k] === x))?.value
    },
  })
}
